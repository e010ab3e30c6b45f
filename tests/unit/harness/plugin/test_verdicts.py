"""Which cases of a run decide a claim, and what is reported about the other cases."""

import pytest

CLAIMS = """
import pytest
from reports.model import Conditions, Measurement, MeasurementName

@pytest.mark.claim("1.1")
def test_records(cluster, claim, measurements):
    claim.refuted("1.1", "seen otherwise")
    measurements.append(
        Measurement(
            name=MeasurementName.FIRST_PACKET,
            unit="us",
            conditions=Conditions(mode=cluster.mode, services=0),
            n=1,
            errors=0,
            quantiles={"p50": 1.0},
            ci95={"p50": (0.5, 1.5)},
        )
    )
"""
OTHER_MODES = """
import pytest

@pytest.mark.modes("iptables", "ipvs")
@pytest.mark.claim("1.1")
def test_of_other_modes(cluster): assert False
"""
THIS_MODE = """
@pytest.mark.modes("nftables")
@pytest.mark.claim("1.1")
def test_of_this_mode(cluster, claim): claim.confirmed("1.1", "seen")
"""
FAILS_FIRST = """
import pytest

@pytest.mark.claim("1.1")
def test_fails_first(cluster, claim):
    assert False, "no pods"
    claim.confirmed("1.1", "not reached")
"""
RECORDS_AND_FAILS = """
import pytest

@pytest.mark.claim("1.1")
def test_records(cluster, claim):
    claim.{verdict}("1.1", "seen")
    {end}
"""
ENDS = {
    "a failed assertion": (
        "assert False, 'no pods'",
        "test_records failed, so its verdict ({}) does not count: no pods; it had observed: seen",
    ),
    "an environment error": (
        "from clusters.errors import ClusterUnreachable; raise ClusterUnreachable('no answer')",
        "test_records ended in an environment error, so its verdict ({}) does not count: no answer; "
        "it had observed: seen",
    ),
}
BREAKS_AT_ITS_END = """
import pytest

@pytest.fixture
def broken():
    yield
    raise RuntimeError("boom")

@pytest.mark.claim("1.1")
def test_records(cluster, broken, claim): claim.refuted("1.1", "seen")
"""
REFUTES = """
@pytest.mark.claim("1.1")
def test_refutes(cluster, claim): claim.refuted("1.1", "seen by another")
"""
FAILS_ONCE = """
import pytest

@pytest.mark.claim("1.1")
def test_records(cluster, claim, request):
    claim.confirmed("1.1", "seen")
    assert request.node.name[-4] != "2", "no pods"
"""
WITHOUT_VERDICT = """
import pytest

@pytest.mark.claim("1.1")
def test_silent(cluster): pass
"""
CRASHES = """
@pytest.mark.claim("1.1")
def test_crashes(cluster):
    import os
    os._exit(1)
"""


def test_a_passed_case_may_refute_a_claim(run):
    for options in ((), ("-n2",)):
        assert run.run(CLAIMS, *options) == 0, run.output
        (claim,) = run.results["claims"]
        assert (claim["verdict"], claim["evidence"]) == ("refuted", "seen otherwise")
        (measured,) = run.results["measurements"]
        assert measured["ci95"] == {"p50": [0.5, 1.5]}


def test_a_case_for_other_modes_is_skipped_with_the_reason(run):
    assert run.run(OTHER_MODES) == 3, run.output
    assert run.outcomes() == {"test_of_other_modes": "skipped"}
    (claim,) = run.results["claims"]
    reason = "it applies to iptables and ipvs mode, and the cluster is in nftables mode"
    assert (claim["verdict"], claim["condition"]) == ("untested", reason)


def test_a_case_for_other_modes_does_not_affect_the_verdict(run):
    assert run.run(OTHER_MODES + THIS_MODE) == 0, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["condition"], claim["evidence"]) == ("confirmed", "", "seen")


def test_a_case_that_fails_before_its_verdict_leaves_its_claim_untested(run):
    assert run.run(FAILS_FIRST) == 1
    (claim,) = run.results["claims"]
    assert claim["verdict"] == "untested"
    assert "no pods" in claim["condition"]


@pytest.mark.parametrize("verdict", ["confirmed", "refuted"])
@pytest.mark.parametrize("end", ENDS)
def test_the_verdict_of_a_case_that_does_not_pass_does_not_count(run, verdict, end):
    line, condition = ENDS[end]
    assert run.run(RECORDS_AND_FAILS.format(verdict=verdict, end=line)) == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["condition"], claim["evidence"]) == ("untested", condition.format(verdict), "")


def test_the_verdict_of_a_case_whose_teardown_fails_does_not_count(run):
    assert run.run(BREAKS_AT_ITS_END) == 1, run.output
    (claim,) = run.results["claims"]
    assert claim["verdict"] == "untested"
    assert "in teardown: RuntimeError: boom" in claim["condition"]


def test_a_passed_case_refutes_a_claim_even_if_another_case_failed(run):
    cases = RECORDS_AND_FAILS.format(verdict="confirmed", end="assert False, 'no pods'") + REFUTES
    assert run.run(cases) == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["evidence"]) == ("refuted", "seen by another")


def test_a_failed_repetition_leaves_the_claim_untested(run):
    assert run.run(FAILS_ONCE, "--count=3") == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["evidence"]) == ("untested", "seen")
    condition = "test_records failed, so its verdict (confirmed) does not count: no pods; it had observed: seen"
    assert claim["condition"] == condition


def test_a_passed_case_without_a_verdict_leaves_its_claim_untested(run):
    assert run.run(WITHOUT_VERDICT) == 0, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["condition"]) == ("untested", "test_silent passed and gave no verdict")


def test_a_crashed_case_leaves_its_claim_untested(run):
    assert run.run("import pytest\n" + THIS_MODE + CRASHES, "-n2") == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["evidence"]) == ("untested", "seen")
    assert "test_crashes ended in an environment error" in claim["condition"]
