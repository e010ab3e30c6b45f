"""Locust in its own distributed mode, each part in a process of its own, on the loopback."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager

import pytest

from clusters.errors import WorldError
from harness.load.generator import address_towards
from harness.load.master import PROCESSES, Master, running_master
from harness.load.plan import LoadPlan, LoadResult, RequestKind, Target
from harness.load.workers import worker_pods
from harness.statistics.histogram import block_counts

ALLOWANCE_S = 120.0


@contextmanager
def worker(port):
    argv = [sys.executable, "-m", "kubeproof_load.worker", "127.0.0.1", str(port)]
    with subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(PROCESSES)}, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def echo():
    argv = [sys.executable, "-m", "kubeproof_load.echo"]
    environment = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as server:
        yield int(server.stdout.readline())
        server.stdin.close()


@pytest.fixture
def start():
    """A master with so many workers, and the port of a server."""
    with ExitStack() as stack:

        def started(workers):
            master = stack.enter_context(running_master("127.0.0.1", workers))
            crew = [stack.enter_context(worker(master.port)) for _ in range(workers)]
            return master, crew, stack.enter_context(echo())

        yield started


def plan(*targets, **fields):
    return LoadPlan(targets, **{"rate_per_s": 50, "duration_s": 2, "seed": 1, "baseline_s": 1.0} | fields)


def test_two_workers_share_a_plan_and_what_they_tell_is_put_together(start):
    master, _, port = start(2)
    targets = (Target("a", "127.0.0.1", port), Target("a again", "127.0.0.1", port))
    for number, request_kind in enumerate((RequestKind.FIRST_PACKET, RequestKind.HTTP_KEPT)):
        asked = plan(*targets, request_kind=request_kind, detail="/")
        begun = []
        told = master.tell(asked.as_record(number), ALLOWANCE_S, lambda begun=begun: begun.append(time.time()))
        result = LoadResult.from_record(told)
        assert begun[0] <= result.began_s + 0.5
        assert (result.planned, result.lost) == (150, 0)
        assert set(result.targets) == {"a", "a again"}
        blocks = result.targets["a"].blocks
        assert [block.number for block in blocks] == [0, 1]
        seen = block_counts(result.targets["a"].histograms("wall")).n + result.missed
        assert seen == pytest.approx(50, abs=result.missed)
        assert not result.targets["a"].errors
        kernel = result.targets["a"].histograms("kernel")
        assert bool(kernel) == (request_kind is RequestKind.FIRST_PACKET)
        assert result.baseline.histograms("wall")


def test_the_floor_is_one_more_among_the_targets_if_it_is_asked_for(start):
    master, _, port = start(1)
    asked = plan(
        Target("a", "127.0.0.1", port), Target("b", "127.0.0.1", port), baseline_s=0, baseline_among_targets=True
    )
    assert asked.rate_of_target_per_s == pytest.approx(50 / 3)
    result = LoadResult.from_record(master.tell(asked.as_record(0), ALLOWANCE_S))
    assert (result.planned, set(result.targets)) == (100, {"a", "b"})
    assert [block.number for block in result.baseline.blocks] == [0, 1]
    assert block_counts(result.baseline.histograms("kernel")).n + result.missed == pytest.approx(
        33, abs=1 + result.missed
    )


def test_a_worker_that_is_lost_is_told_and_what_the_others_did_is_kept(start):
    master, crew, port = start(2)
    target = Target("a", "127.0.0.1", port)
    both = plan(target, duration_s=1, baseline_s=0).as_record(0)
    assert LoadResult.from_record(master.tell(both, ALLOWANCE_S)).lost == 0
    crew[0].kill()
    result = LoadResult.from_record(master.tell(plan(target, duration_s=8).as_record(1), ALLOWANCE_S))
    assert result.lost == 1
    assert result.targets["a"].histograms("wall")


def test_nobody_at_the_target_is_counted_by_the_words_of_the_failure(start):
    master, _, _ = start(1)
    gone = Target("gone", "127.0.0.1", 9)
    result = LoadResult.from_record(master.tell(plan(gone, baseline_s=0).as_record(0), ALLOWANCE_S))
    assert sum(result.targets["gone"].errors.values()) + result.missed == 100
    assert any("refused" in words for words in result.targets["gone"].errors)


def test_a_master_that_ends_tells_its_log():
    with pytest.raises(WorldError, match=r"Locust's master has ended: .*No such device"), running_master("nowhere", 1):
        pass


def test_workers_are_pods_on_the_node_with_our_programs_and_their_masters_address():
    programs, deployment = worker_pods("image", "load", node="n1", workers=3, master=("172.18.0.1", 4711))
    assert "worker.py" in programs["data"]
    assert deployment["spec"]["replicas"] == 3
    pod = deployment["spec"]["template"]["spec"]
    assert pod["nodeName"] == "n1"
    assert pod["containers"][0]["command"][-2:] == ["172.18.0.1", "4711"]


def test_we_are_found_where_our_packets_come_from():
    assert address_towards("127.0.0.1") == "127.0.0.1"


def test_a_plan_is_told_with_its_number():
    told = plan(Target("a", "10.96.0.1", 80)).as_record(7)
    assert json.loads(json.dumps(told))["number"] == 7
    assert told["request_kind"] == "first_packet"


def test_an_interruption_ends_the_master_and_waits_for_no_plan():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    silent = subprocess.Popen(("sleep", "60"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with silent, tempfile.TemporaryFile("w+") as log, pytest.raises(KeyboardInterrupt):
            Master(silent, log, 0).listen(60.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert silent.returncode == -signal.SIGKILL
