"""The cases that decide a claim, and the reason that is given for verdicts that do not count."""

import pytest

from harness.plugin.run.verdicts import Verdicts
from harness.run.claims import Claim, ClaimRecorder
from reports.model import CaseResult, Outcome, Verdict

CASE = "suites/pods/test_pods.py::test_pods"


def untested_after(record, reason="no pods\nand a long story"):
    """Return the condition of claim 1.1, which must be untested, after its case recorded a verdict and failed."""
    verdicts, recorder = Verdicts((Claim("1.1", "so", (CASE,)),)), ClaimRecorder(CASE, ["1.1"])
    record(recorder)
    verdicts.add(CaseResult(CASE, "pods", Outcome.FAILED, reason, 1.0, ("1.1",)), recorder.recorded)
    (result,) = verdicts.combined()
    assert (result.verdict, result.evidence) == (Verdict.UNTESTED, "")
    return result.condition


@pytest.mark.parametrize("holds", [True, False])
def test_a_verdict_that_does_not_count_keeps_its_evidence(holds):
    verdict = "confirmed" if holds else "refuted"
    assert untested_after(lambda claim: claim.decide("1.1", holds, "2 of 3 pods answered.")) == (
        f"test_pods failed, so its verdict ({verdict}) does not count: no pods; it had observed: 2 of 3 pods answered."
    )


def test_a_verdict_without_evidence_gives_only_the_reason():
    assert untested_after(lambda claim: claim.untested("1.1", "one node only")) == (
        "test_pods failed, so its verdict (untested) does not count: no pods"
    )
