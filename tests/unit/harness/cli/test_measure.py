"""`kubeproof measure`: which runs it makes, in which order, and the page in the end."""

from dataclasses import replace
from pathlib import Path

import pytest

from clusters.spec import Mode, Substrate
from harness.cli.main import main
from harness.cli.results.measure_plan import PlannedRun, modes_by_substrate, not_comparable, suites, sweeps
from harness.cli.tools import Tools
from reports.model import results_to_json
from reports.model.findings import AAPairsCheck, SelfCheckFinding
from reports.store import point_latest_at
from tests.fakes.host.host import FakeHost
from tests.unit.harness.performance.comparison.sample import run

IPTABLES, IPVS, NFTABLES = Mode.IPTABLES, Mode.IPVS, Mode.NFTABLES
EVERY_MODE = tuple(Mode)
WITHOUT_IPVS = {Substrate.HOST: (IPTABLES, NFTABLES), Substrate.UML: EVERY_MODE}


def order(planned):
    return [(substrate, mode) for mode, substrate in planned]


def test_sweeps_are_interleaved_on_each_substrate():
    planned = order(sweeps(WITHOUT_IPVS, once=False))
    assert [mode for substrate, mode in planned if substrate is Substrate.HOST] == [
        IPTABLES,
        NFTABLES,
        NFTABLES,
        IPTABLES,
    ]
    on_uml = [mode for substrate, mode in planned if substrate is Substrate.UML]
    assert on_uml == [*EVERY_MODE, *reversed(EVERY_MODE)]
    assert len(list(sweeps(WITHOUT_IPVS, once=True))) == 5


def test_the_suites_run_once_in_each_mode_on_the_hosts_own_kernel_if_that_can():
    assert dict(suites(WITHOUT_IPVS)) == {IPTABLES: Substrate.HOST, NFTABLES: Substrate.HOST, IPVS: Substrate.UML}


def test_a_run_is_a_call_of_pytest():
    sweep = PlannedRun(IPVS, Substrate.UML, "1.35.4", 2000, 60)
    assert sweep.arguments == (
        "suites/performance",
        "--proxy-mode=ipvs",
        "--substrate=uml",
        "--kubernetes=1.35.4",
        "--most-services=2000",
        "--step-seconds=60",
        "-k",
        "sweep",
    )
    assert str(sweep) == "sweep to 2,000 Services in ipvs mode on substrate uml"
    assert "--ignore=suites/performance" in replace(sweep, most_services=None).arguments


def test_what_the_host_cannot_compare_is_said_with_where_it_could_be():
    assert list(not_comparable({Substrate.HOST: EVERY_MODE})) == []
    (sentence,) = not_comparable(WITHOUT_IPVS)
    assert sentence.startswith("this host's own kernel cannot run ipvs mode, so it is compared with the others in a")
    (sentence,) = not_comparable({Substrate.HOST: (IPTABLES, NFTABLES)})
    assert sentence == "this host cannot run ipvs mode at all; `kubeproof doctor --mode ipvs` says why"


def test_a_host_with_all_modes_needs_no_other_kernel():
    assert modes_by_substrate(FakeHost()) == {Substrate.HOST: EVERY_MODE}


class FakePytest:
    """Writes the results that a run would leave, and ends with `code`; the first `with_findings` runs have findings."""

    def __init__(self, code=0, findings=(), with_findings=9):
        self.code, self.findings, self.with_findings, self.calls = code, findings, with_findings, []

    def __call__(self, arguments):
        self.calls.append(arguments)
        options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
        directory = options["--runs-dir"]
        mode = options["--proxy-mode"]
        results = run(mode, 40 if mode == "iptables" else 0)
        findings = self.findings if len(self.calls) <= self.with_findings else ()
        results = replace(results, run=replace(results.run, id=f"{len(self.calls):02}-{mode}"), findings=findings)
        made = Path(directory) / results.run.id
        made.mkdir(parents=True)
        (made / "results.json").write_text(results_to_json(results))
        point_latest_at(made)
        return self.code


def measured(capsys, tmp_path, pytest_runs, *argv):
    with pytest.raises(SystemExit) as ending:
        main(["measure", f"--runs-dir={tmp_path / 'runs'}", *argv], Tools(FakeHost(), run_pytest=pytest_runs))
    output = capsys.readouterr()
    return ending.value.code or 0, output.out, output.err


def test_the_runs_end_with_a_page_that_compares_them(capsys, tmp_path):
    pytest_runs = FakePytest()
    code, out, _ = measured(capsys, tmp_path, pytest_runs, "--only-sweeps", "--quick")
    assert code == 0
    assert len(pytest_runs.calls) == 3
    assert all("--most-services=1000" in call for call in pytest_runs.calls)
    assert "run 1 of 3: sweep to 1,000 Services in iptables mode on substrate host" in out
    latest = tmp_path / "runs" / "latest-comparison.html"
    assert latest.resolve().name == "comparison-01-iptables.html"
    assert "<h1>On substrate host" in latest.read_text()


def test_a_run_that_failed_fails_the_command_after_all_runs(capsys, tmp_path):
    pytest_runs = FakePytest(code=1)
    code, out, _ = measured(capsys, tmp_path, pytest_runs)
    assert (code, len(pytest_runs.calls)) == (1, 9)
    assert "comparison: " in out


FAILED_CHECK = SelfCheckFinding(mode="ipvs", checks=(AAPairsCheck(holds=False, pairs=9, alike=1, least=8),))


def test_a_run_whose_self_check_failed_is_left_out_and_the_page_says_so(capsys, tmp_path):
    pytest_runs = FakePytest(findings=(FAILED_CHECK,), with_findings=1)
    code, _, err = measured(capsys, tmp_path, pytest_runs, "--only-sweeps")
    assert (code, len(pytest_runs.calls)) == (0, 6)
    assert "left out: run 01-iptables failed its self-check" in err
    page = (tmp_path / "runs" / "latest-comparison.html").read_text()
    assert "Run 01-iptables is left out: a self-check of it failed." in page
    assert 'id="run-01-iptables"' not in page


def test_fewer_than_two_runs_whose_self_checks_held_are_not_compared(capsys, tmp_path):
    code, _, err = measured(capsys, tmp_path, FakePytest(findings=(FAILED_CHECK,)), "--only-sweeps", "--quick")
    assert code == 1
    assert "fewer than two runs are left to compare" in err
