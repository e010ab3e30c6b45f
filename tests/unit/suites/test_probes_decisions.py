"""Each claim about probes can end in each verdict, by what was observed."""

import pytest

from suites.probes.decisions import CLAIMED_FATES, FOLLOWED, Fate, decide_answers, decide_liveness
from suites.probes.test_answers import EXPECTED
from suites.probes.test_liveness import fate

RAN_ON, KILLED, RESTARTED = Fate(False, False), Fate(True, False), Fate(True, True)


@pytest.mark.parametrize(
    ("fates", "verdict", "condition"),
    [
        ({}, "confirmed", ""),
        (dict.fromkeys(CLAIMED_FATES, RAN_ON), "refuted", ""),
        (
            {"Always": KILLED, "OnFailure": KILLED, "Never": RESTARTED, "no probe": RESTARTED},
            "refuted",
            "",
        ),
        ({"Never": RESTARTED}, "conditional", "it holds for Always, OnFailure, no probe, and not for Never"),
        ({"Never": KILLED}, "conditional", "it holds for Always, OnFailure, no probe, and not for Never"),
        ({"OnFailure": RAN_ON}, "conditional", "it holds for Always, Never, no probe, and not for OnFailure"),
        ({"no probe": RESTARTED}, "conditional", "it holds for Always, OnFailure, Never, and not for no probe"),
    ],
    ids=[
        "as claimed",
        "nobody is killed",
        "every policy is turned round",
        "Never is restarted",
        "a pod with Never goes on without its container",
        "one is not killed",
        "one without a probe is killed",
    ],
)
def test_liveness(fates, verdict, condition):
    decision = decide_liveness({**CLAIMED_FATES, **fates})
    assert (decision.verdict, decision.condition) == (verdict, condition)


def pod(phase, state, restarted=0):
    return {"status": {"phase": phase, "containerStatuses": [{"state": state, "restartCount": restarted}]}}


def test_a_pod_that_may_yet_restart_its_container_has_not_failed():
    ended = {"terminated": {"exitCode": 3}}
    assert fate(pod("Running", ended)) == KILLED
    assert fate(pod("Failed", ended)) == CLAIMED_FATES["Never"]
    assert fate(pod("Running", {"running": {}})) == RAN_ON


def test_fates_are_told_by_policy():
    assert decide_liveness(CLAIMED_FATES).evidence == (
        "After the liveness probes had begun to fail, the container under each policy: Always: was killed and started "
        "again, OnFailure: was killed and started again, Never: was killed, and its pod Failed, no probe: ran on."
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
        ({"http-200": "unknown"}, "untested", "the kubelet had not judged http-200"),
    ],
    ids=[
        "as documented",
        "redirects are not followed",
        "a redirect to another host fails",
        "399 fails",
        "400 succeeds",
        "exit code 1 succeeds",
        "an open port fails",
        "one is not judged",
    ],
)
def test_answers(changed, verdict, condition):
    decision = decide_answers({**EXPECTED, **changed})
    assert (decision.verdict, decision.condition) == (verdict, condition)
