"""Which cases of a run decide a claim, and what the report says of the others."""

import pytest

CLAIMS = """
import pytest
from reports.model import Measurement

@pytest.mark.claim("1.1")
def test_speaks(cluster, claim, measurements):
    claim.refuted("1.1", "seen otherwise")
    measurements.append(Measurement("first_packet", "us", {"services": 0}, 1, 0, {"p50": 1.0}, {"p50": (0.5, 1.5)}, ""))
"""
ELSEWHERE = """
import pytest

@pytest.mark.modes("iptables", "ipvs")
@pytest.mark.claim("1.1")
def test_of_other_modes(cluster): assert False
"""
BESIDE = """
@pytest.mark.modes("nftables")
@pytest.mark.claim("1.1")
def test_of_this_mode(cluster, claim): claim.confirmed("1.1", "seen")
"""
SILENT = """
import pytest

@pytest.mark.claim("1.1")
def test_fails_first(cluster, claim):
    assert False, "no pods"
    claim.confirmed("1.1", "never said")
"""
SPEAKS_AND_FAILS = """
import pytest

@pytest.mark.claim("1.1")
def test_speaks(cluster, claim):
    claim.{verdict}("1.1", "seen")
    {end}
"""
ENDS = {
    "a failed assertion": (
        "assert False, 'no pods'",
        "test_speaks failed, so its verdict ({}) does not count: no pods; it had observed: seen",
    ),
    "a world that fails": (
        "from clusters.errors import ClusterUnreachable; raise ClusterUnreachable('no answer')",
        "test_speaks ended in an environment error, so its verdict ({}) does not count: no answer; "
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
def test_speaks(cluster, broken, claim): claim.refuted("1.1", "seen")
"""
REFUTES = """
@pytest.mark.claim("1.1")
def test_refutes(cluster, claim): claim.refuted("1.1", "seen by another")
"""
FAILS_ONCE = """
import pytest

@pytest.mark.claim("1.1")
def test_speaks(cluster, claim, request):
    claim.confirmed("1.1", "seen")
    assert request.node.name[-4] != "2", "no pods"
"""
MUTE = """
import pytest

@pytest.mark.claim("1.1")
def test_mute(cluster): pass
"""
CRASHES = """
@pytest.mark.claim("1.1")
def test_crashes(cluster):
    import os
    os._exit(1)
"""


def test_a_case_that_passes_may_refute_a_claim(run):
    for options in ((), ("-n2",)):
        assert run.run(CLAIMS, *options) == 0, run.output
        (claim,) = run.results["claims"]
        assert (claim["verdict"], claim["evidence"]) == ("refuted", "seen otherwise")
        (measured,) = run.results["measurements"]
        assert measured["ci95"] == {"p50": [0.5, 1.5]}


def test_a_case_that_does_not_concern_the_mode_is_skipped_and_says_so(run):
    assert run.run(ELSEWHERE) == 3, run.output
    assert run.outcomes() == {"test_of_other_modes": "skipped"}
    (claim,) = run.results["claims"]
    reason = "it applies to iptables and ipvs mode, and the cluster is in nftables mode"
    assert (claim["verdict"], claim["condition"]) == ("untested", reason)


def test_a_case_of_another_mode_keeps_no_other_from_deciding(run):
    assert run.run(ELSEWHERE + BESIDE) == 0, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["condition"], claim["evidence"]) == ("confirmed", "", "seen")


def test_a_case_that_fails_before_it_speaks_leaves_its_claim_untested(run):
    assert run.run(SILENT) == 1
    (claim,) = run.results["claims"]
    assert claim["verdict"] == "untested"
    assert "no pods" in claim["condition"]


@pytest.mark.parametrize("verdict", ["confirmed", "refuted"])
@pytest.mark.parametrize("end", ENDS)
def test_a_case_that_does_not_pass_decides_nothing(run, verdict, end):
    line, told = ENDS[end]
    assert run.run(SPEAKS_AND_FAILS.format(verdict=verdict, end=line)) == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["condition"], claim["evidence"]) == ("untested", told.format(verdict), "")


def test_a_case_whose_tear_down_breaks_decides_nothing(run):
    assert run.run(BREAKS_AT_ITS_END) == 1, run.output
    (claim,) = run.results["claims"]
    assert claim["verdict"] == "untested"
    assert "in teardown: RuntimeError: boom" in claim["condition"]


def test_a_case_that_passed_refutes_whatever_became_of_another(run):
    cases = SPEAKS_AND_FAILS.format(verdict="confirmed", end="assert False, 'no pods'") + REFUTES
    assert run.run(cases) == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["evidence"]) == ("refuted", "seen by another")


def test_a_repetition_that_fails_keeps_the_others_from_deciding(run):
    assert run.run(FAILS_ONCE, "--count=3") == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["evidence"]) == ("untested", "seen")
    told = "test_speaks failed, so its verdict (confirmed) does not count: no pods; it had observed: seen"
    assert claim["condition"] == told


def test_a_case_that_passes_without_a_verdict_leaves_its_claim_untested(run):
    assert run.run(MUTE) == 0, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["condition"]) == ("untested", "test_mute passed and gave no verdict")


def test_a_crashed_case_keeps_others_from_deciding(run):
    assert run.run("import pytest\n" + BESIDE + CRASHES, "-n2") == 1, run.output
    (claim,) = run.results["claims"]
    assert (claim["verdict"], claim["evidence"]) == ("untested", "seen")
    assert "test_crashes ended in an environment error" in claim["condition"]
