"""The controller owns the cluster: every run creates one, and deletes it unless the run is killed."""

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
def test_confirms(cluster, claim): claim.confirmed("1.1", "seen")
""" + HANGING.replace("def test_hanging", "@pytest.mark.claim('1.1')\ndef test_hanging")
WORKING = """
import os, pathlib, subprocess
def test_working(cluster):
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    pathlib.Path("processes").write_text(f"{os.getpid()} {child.pid}")
    child.wait()
"""


@pytest.mark.parametrize("options", [(), ("-n2",), ("-x",), ("-n2", "-x")], ids=" ".join)
def test_a_run_with_any_number_of_workers_creates_one_cluster(run, options):
    assert run.run(TWO, *options) == 0, run.output
    assert run.owner == ["open", "close"]
    assert run.outcomes() == {"test_one": "passed", "test_two": "passed"}
    assert run.results["run"]["finished"]


def test_collecting_creates_no_cluster(run):
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
def test_an_interrupted_run_removes_its_cluster_and_records_the_interruption(run, number):
    process = hang(run)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    assert run.owner == ["open", "close"]
    assert run.outcomes() == {"test_first": "passed", "test_hanging": "environment error"}
    assert run.results["run"]["finished"] is None


def test_an_interrupted_case_leaves_its_claim_untested(run):
    process = hang(run, cases=HANGING_CLAIM)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    (claim,) = run.results["claims"]
    condition = "test_hanging ended in an environment error: the run ended while this case was running"
    assert (claim["verdict"], claim["condition"]) == ("untested", condition), output


def test_a_killed_run_has_the_results_of_the_ended_cases(run):
    process = hang(run)
    process.kill()
    process.communicate(timeout=30)
    assert run.owner == ["open"]
    assert run.outcomes() == {"test_first": "passed"}
    assert run.results["run"]["finished"] is None


def test_a_run_without_a_cluster_reports_the_requested_version_as_requested(run):
    run.run(TWO, "--kubernetes=1.37.2", KUBEPROOF_TEST_UNFIT="1")
    assert run.results["run"]["kubernetes"] == "1.37.2 (asked for)"


def test_when_a_run_is_killed_its_workers_and_their_processes_end(run):
    fifo = run.directory / "processes"
    os.mkfifo(fifo)
    process = run.start(WORKING, "-n1")
    handles = [os.pidfd_open(int(pid)) for pid in fifo.read_text().split()]
    process.kill()
    assert all(select.select([handle], [], [], 30)[0] for handle in handles)
    process.communicate(timeout=30)


def test_a_cluster_that_cannot_be_created_is_an_environment_error_in_one_line(run):
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
def test_patience_applies_to_every_case_and_is_reported(run, options):
    assert run.run(WAITING, *options, KUBEPROOF_PATIENCE="3") == 0
    assert run.results["environment"]["patience"] == "3 times the usual deadlines (KUBEPROOF_PATIENCE)"


def test_patience_is_not_reported_with_the_usual_deadlines(run):
    run.run(TWO)
    assert "patience" not in run.results["environment"]


def test_an_invalid_patience_is_refused_before_a_cluster_is_created(run):
    assert run.run(TWO, KUBEPROOF_PATIENCE="0.5") == 2
    assert "KUBEPROOF_PATIENCE=0.5 is not a number of at least 1" in run.output
    assert run.owner == []


def test_an_unknown_mode_is_refused_before_a_cluster_is_created(run):
    assert run.run(TWO, "--proxy-mode=ebpf") == 2
    assert "--proxy-mode=ebpf is unknown" in run.output
    assert run.owner == []
