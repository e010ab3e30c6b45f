"""The controller owns the cluster: one is made and one removed, however a run is shaped and however it ends."""

import os
import select
import signal
import time

import pytest

TWO = """
def test_one(cluster): assert cluster.name == "kubeproof-fake"
def test_two(cluster): assert cluster.owned
"""
HANGING = """
import pathlib, time
def test_first(cluster): pass
def test_hanging(cluster):
    pathlib.Path("hanging").touch()
    time.sleep(60)
"""
HANGING_CLAIM = """
import pytest

@pytest.mark.claim("1.1")
def test_speaks(cluster, claim): claim.confirmed("1.1", "seen")
""" + HANGING.replace("def test_hanging", "@pytest.mark.claim('1.1')\ndef test_hanging")
WORKING = """
import os, pathlib, subprocess
def test_working(cluster):
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    pathlib.Path("line").write_text(f"{os.getpid()} {child.pid}")
    child.wait()
"""


@pytest.mark.parametrize("options", [(), ("-n2",), ("-x",), ("-n2", "-x")], ids=" ".join)
def test_one_cluster_however_many_workers(run, options):
    assert run.run(TWO, *options) == 0, run.output
    assert run.owner == ["open", "close"]
    assert run.outcomes() == {"test_one": "passed", "test_two": "passed"}
    assert run.results["run"]["finished"]


def test_collecting_makes_no_cluster(run):
    assert run.run(TWO, "--collect-only") == 0, run.output
    assert run.owner == []


def test_a_crashed_worker_is_an_environment_error_of_its_case(run):
    crash = TWO + "\ndef test_crash(cluster):\n    import os\n    os._exit(1)\n"
    assert run.run(crash, "-n2") == 1
    assert run.owner == ["open", "close"]
    assert run.outcomes()["test_crash"] == "environment error"
    assert "crashed" in next(case["reason"] for case in run.results["cases"] if "test_crash" in case["id"])


def hang(run, *options, cases=HANGING):
    process = run.start(cases, *options)
    deadline_s = time.monotonic() + 30
    while not (run.directory / "hanging").exists() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_run_removes_its_cluster_and_says_so(run, number):
    process = hang(run)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    assert run.owner == ["open", "close"]
    assert run.outcomes() == {"test_first": "passed", "test_hanging": "environment error"}
    assert run.results["run"]["finished"]


def test_a_case_that_was_interrupted_keeps_others_from_deciding(run):
    process = hang(run, cases=HANGING_CLAIM)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    (claim,) = run.results["claims"]
    told = "test_hanging ended in an environment error: the run ended while this case was running"
    assert (claim["verdict"], claim["condition"]) == ("untested", told), output


def test_a_killed_run_has_results_of_all_that_ended(run):
    process = hang(run)
    process.kill()
    process.communicate(timeout=30)
    assert run.owner == ["open"]
    assert run.outcomes() == {"test_first": "passed"}
    assert run.results["run"]["finished"] is None


def test_a_run_without_a_cluster_tells_the_version_asked_for_as_such(run):
    run.run(TWO, "--kubernetes=1.37.2", KUBEPROOF_TEST_UNFIT="1")
    assert run.results["run"]["kubernetes"] == "1.37.2 (asked for)"


def test_a_killed_run_takes_its_workers_along_with_whatever_they_have_started(run):
    line = run.directory / "line"
    os.mkfifo(line)
    process = run.start(WORKING, "-n1")
    handles = [os.pidfd_open(int(pid)) for pid in line.read_text().split()]
    process.kill()
    assert all(select.select([handle], [], [], 30)[0] for handle in handles)
    process.communicate(timeout=30)


def test_a_cluster_that_does_not_come_up_is_one_line_and_an_environment_error(run):
    assert run.run(TWO, KUBEPROOF_TEST_UNFIT="yes") == 3
    assert "kubeproof: cluster x: no nodes (look)" in run.output
    assert "Traceback" not in run.output
    assert run.outcomes() == {"cluster set-up": "environment error"}
    assert "the whole story" in (run.directory / "runs" / "latest" / "run.log").read_text()
    assert "no nodes (look)" in (run.directory / "runs" / "latest" / "report.html").read_text()


WAITING = """
from harness.errors import DeadlinePassed
from harness.kube.wait import wait_until
from tests.fakes.clock import JumpingClock
import pytest

def test_waiting():
    with pytest.raises(DeadlinePassed, match="after 30.0 s"):
        wait_until("never", lambda: 0, bool, deadline_s=10, clock=JumpingClock())
"""


@pytest.mark.parametrize("options", [(), ("-n1",)], ids=["alone", "xdist"])
def test_patience_reaches_every_case_and_stands_in_the_report(run, options):
    assert run.run(WAITING, *options, KUBEPROOF_PATIENCE="3") == 0
    assert run.results["environment"]["patience"] == "3 times the usual deadlines (KUBEPROOF_PATIENCE)"


def test_a_report_of_usual_deadlines_does_not_speak_of_patience(run):
    run.run(TWO)
    assert "patience" not in run.results["environment"]


def test_what_is_no_patience_is_refused_before_anything_is_made(run):
    assert run.run(TWO, KUBEPROOF_PATIENCE="0.5") == 2
    assert "KUBEPROOF_PATIENCE=0.5 is no factor of at least 1" in run.output
    assert run.owner == []


def test_an_unknown_mode_is_refused_before_anything_is_made(run):
    assert run.run(TWO, "--proxy-mode=ebpf") == 2
    assert "--proxy-mode=ebpf is unknown (there are: iptables, ipvs, nftables)" in run.output
    assert run.owner == []
