"""The decision functions for the claims about image pull policies."""

import pytest

from harness.registry.accesslog import RequestCounts
from suites.images.decisions import (
    NOTHING,
    RESOLVED_ONLY,
    Pulls,
    decide_moved_tag,
    decide_pulls,
    decide_restarts,
    decide_without_registry,
)

WHOLE, CHECK = RequestCounts(1, 1, 2), RequestCounts(1, 0, 0)


def pulls(always=(WHOLE, CHECK, CHECK), if_not_present=(WHOLE, NOTHING), never=(NOTHING, NOTHING), runs=True):
    return Pulls(always, if_not_present, never, never_runs=runs, never_refuses=True)


@pytest.mark.parametrize(
    ("seen", "verdict", "condition"),
    [
        (pulls(), "conditional", RESOLVED_ONLY),
        (pulls(always=(WHOLE, WHOLE, WHOLE)), "confirmed", ""),
        (pulls(always=(WHOLE, RequestCounts(1, 0, 1), RequestCounts(1, 0, 1))), "conditional", RESOLVED_ONLY),
        (pulls(always=(WHOLE, NOTHING, NOTHING)), "refuted", ""),
        (pulls(if_not_present=(WHOLE, CHECK)), "refuted", ""),
        (pulls(if_not_present=(NOTHING, NOTHING)), "refuted", ""),
        (pulls(never=(CHECK, NOTHING)), "refuted", ""),
        (pulls(runs=False), "refuted", ""),
    ],
    ids=[
        "only the tag is resolved again",
        "all blobs are downloaded again",
        "some blobs are downloaded again",
        "Always does not ask again",
        "IfNotPresent asks again",
        "IfNotPresent does not pull",
        "Never asks",
        "Never does not run an image on the node",
    ],
)
def test_pulls(seen, verdict, condition):
    decision = decide_pulls(seen)
    assert (decision.verdict, decision.condition) == (verdict, condition)


@pytest.mark.parametrize(
    ("always", "if_not_present", "verdict"),
    [
        (RequestCounts(2, 0, 0), NOTHING, "conditional"),
        (RequestCounts(2, 2, 4), NOTHING, "confirmed"),
        (RequestCounts(2, 1, 2), NOTHING, "conditional"),
        (CHECK, NOTHING, "refuted"),
        (RequestCounts(2, 0, 0), CHECK, "refuted"),
    ],
    ids=[
        "only the tag is resolved again",
        "all blobs are downloaded again",
        "one start of two downloads all blobs",
        "Always does not ask again",
        "IfNotPresent asks",
    ],
)
def test_restarts(always, if_not_present, verdict):
    starts = {"Always": 2, "IfNotPresent": 2}
    assert decide_restarts(starts, {"Always": always, "IfNotPresent": if_not_present}).verdict == verdict


@pytest.mark.parametrize(("new", "old", "verdict"), [(True, True, "confirmed"), (False, True, "refuted")])
def test_a_moved_tag(new, old, verdict):
    assert decide_moved_tag(new, old).verdict == verdict


@pytest.mark.parametrize(("refusal", "verdict"), [("connection refused", "confirmed"), ("", "refuted")])
def test_a_stopped_registry(refusal, verdict):
    assert decide_without_registry(refusal).verdict == verdict
