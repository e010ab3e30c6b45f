"""The decision functions for the claims about probes: each can return every verdict."""

import pytest

from suites.probes.decisions import CLAIMED_FATES, FOLLOWED, Fate, decide_answers, decide_liveness, exit_code, fate
from suites.probes.test_answers import EXPECTED

NOT_KILLED, KILLED, RESTARTED = Fate(False, False), Fate(True, False), Fate(True, True)


@pytest.mark.parametrize(
    ("fates", "verdict", "condition"),
    [
        ({}, "confirmed", ""),
        (dict.fromkeys(CLAIMED_FATES, NOT_KILLED), "refuted", ""),
        (
            {"Always": KILLED, "OnFailure": KILLED, "Never": RESTARTED, "no probe": RESTARTED},
            "refuted",
            "",
        ),
        ({"Never": RESTARTED}, "conditional", "holds for Always, OnFailure, no probe and not for Never"),
        ({"Never": KILLED}, "conditional", "holds for Always, OnFailure, no probe and not for Never"),
        ({"OnFailure": NOT_KILLED}, "conditional", "holds for Always, Never, no probe and not for OnFailure"),
        ({"no probe": RESTARTED}, "conditional", "holds for Always, OnFailure, Never and not for no probe"),
    ],
    ids=[
        "as claimed",
        "no container is killed",
        "every policy does the opposite",
        "the container with Never is restarted",
        "the container with Never ends and its pod does not fail",
        "one container with a probe is not killed",
        "the container without a probe is killed",
    ],
)
def test_liveness(fates, verdict, condition):
    decision = decide_liveness({**CLAIMED_FATES, **fates})
    assert (decision.verdict, decision.condition) == (verdict, condition)


def pod(phase, state, restarted=0):
    return {"status": {"phase": phase, "containerStatuses": [{"state": state, "restartCount": restarted}]}}


def test_only_a_pod_in_phase_failed_counts_as_failed():
    ended = {"terminated": {"exitCode": 3}}
    assert fate(pod("Running", ended)) == KILLED
    assert fate(pod("Failed", ended)) == CLAIMED_FATES["Never"]
    assert fate(pod("Running", {"running": {}})) == NOT_KILLED


def test_a_restarted_container_was_killed_even_if_the_kubelet_has_lost_its_exit_code():
    collected = pod("Running", {"running": {}}, restarted=1)
    assert fate(collected) == CLAIMED_FATES["OnFailure"]
    assert exit_code(collected) is None


def test_evidence_lists_the_outcome_for_each_policy():
    assert decide_liveness(CLAIMED_FATES).evidence == (
        "After the liveness probes began to fail, the container under each restart policy: Always: was killed and "
        "restarted, OnFailure: was killed and restarted, Never: was killed, pod Failed, no probe: was not killed."
    )


@pytest.mark.parametrize(
    ("changed", "verdict", "condition"),
    [
        ({}, "conditional", FOLLOWED),
        ({"http-302-to-500": "ready"}, "confirmed", ""),
        (
            {"http-302-elsewhere": "unhealthy"},
            "conditional",
            "except for http-302-to-500, http-302-elsewhere",
        ),
        ({"http-399": "unhealthy"}, "refuted", ""),
        ({"http-400": "ready"}, "refuted", ""),
        ({"exec-1": "ready"}, "refuted", ""),
        ({"tcp-open": "unhealthy"}, "refuted", ""),
        ({"http-200": "unknown"}, "untested", "the kubelet reported no probe result for http-200"),
    ],
    ids=[
        "as documented",
        "redirects are not followed",
        "a redirect to another host fails",
        "399 fails",
        "400 succeeds",
        "exit code 1 succeeds",
        "an open port fails",
        "one probe has no result",
    ],
)
def test_answers(changed, verdict, condition):
    decision = decide_answers({**EXPECTED, **changed})
    assert (decision.verdict, decision.condition) == (verdict, condition)
