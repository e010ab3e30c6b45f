"""Locust in its distributed mode on the loopback interface, with the master and each worker in its own process."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from types import SimpleNamespace

import pytest
from kubeproof_load.source_ports import local_ports

from clusters.errors import WorldError
from harness.load.generator import LoadGenerator, address_towards
from harness.load.master import PROCESSES, Master, running_master
from harness.load.plan import LoadPlan, LoadResult, RequestKind, Target
from harness.load.workers import worker_pods
from harness.statistics.histogram import block_counts
from tests.fakes.cluster.owned import fake_cluster

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
    """Start a master with a number of workers, and a server; return them and the server's port."""
    with ExitStack() as stack:

        def started(workers):
            master = stack.enter_context(running_master("127.0.0.1", workers))
            processes = [stack.enter_context(worker(master.port)) for _ in range(workers)]
            return master, processes, stack.enter_context(echo())

        yield started


def plan(*targets, **fields):
    return LoadPlan(targets, **{"rate_per_s": 50, "duration_s": 2, "seed": 1, "baseline_s": 1.0} | fields)


class EmptyMaster:
    """A master whose loads report nothing."""

    def run_plan(self, plan, limit_s, begun):
        return {"done": [], "block": [], "baseline": [], "lost": 0}


def test_a_result_has_the_block_length_of_its_plan():
    generator = LoadGenerator(SimpleNamespace(cluster=fake_cluster()), EmptyMaster())
    assert generator.run(plan(block_s=2.0)).block_s == 2.0


def test_two_workers_share_a_plan_and_their_results_are_merged(start):
    master, _, port = start(2)
    targets = (Target("a", "127.0.0.1", port), Target("a again", "127.0.0.1", port))
    for number, request_kind in enumerate((RequestKind.FIRST_PACKET, RequestKind.HTTP_KEPT)):
        load = plan(*targets, request_kind=request_kind, detail="/")
        begun = []
        record = master.run_plan(load.as_record(number), ALLOWANCE_S, lambda begun=begun: begun.append(time.time()))
        result = LoadResult.from_record(record, 1.0)
        assert begun[0] <= result.began_s + 0.5
        assert (result.planned, result.lost) == (150, 0)
        assert set(result.targets) == {"a", "a again"}
        blocks = result.targets["a"].blocks
        assert [block.number for block in blocks] == [0, 1]
        counted = block_counts(result.targets["a"].histograms("wall")).n + result.missed
        assert counted == pytest.approx(50, abs=result.missed)
        assert not result.targets["a"].errors
        kernel = result.targets["a"].histograms("kernel")
        assert bool(kernel) == (request_kind is RequestKind.FIRST_PACKET)
        assert result.baseline.histograms("wall")


def source_ports(listener):
    """Return the source ports of the connections that wait to be accepted."""
    listener.setblocking(False)
    ports = []
    with suppress(BlockingIOError):
        while True:
            connection, (_, port) = listener.accept()
            connection.close()
            ports.append(port)
    return ports


@pytest.mark.usefixtures("separable_source_ports")
def test_targets_can_have_source_ports_of_their_own(start):
    """Each of eight targets has an eighth of all ports. By chance they would lie so once in millions of runs."""
    master, _, _ = start(1)
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64)) for _ in range(8)]
        targets = [Target(f"{number}", *each.getsockname()) for number, each in enumerate(listeners)]
        load = plan(*targets, rate_per_s=80, duration_s=1, baseline_s=0, separate_source_ports=True)
        assert LoadResult.from_record(master.run_plan(load.as_record(0), ALLOWANCE_S), 1.0).lost == 0
        first, last = local_ports()
        eighth = (last - first + 1) // 8
        eighths = [{(port - first) // eighth for port in source_ports(listener)} for listener in listeners]
    assert sorted(eighths, key=min) == [{number} for number in range(8)]


def test_workers_can_stay_on_processors_of_their_own_during_the_load(start):
    master, workers, port = start(2)
    usable = os.sched_getaffinity(0)
    load = plan(Target("a", "127.0.0.1", port), duration_s=1, baseline_s=0, pinned=True)
    during = []
    master.run_plan(
        load.as_record(0), ALLOWANCE_S, lambda: during.extend(os.sched_getaffinity(one.pid) for one in workers)
    )
    assert [len(processors) for processors in during] == [1, 1]
    assert len(set.union(*during)) == min(2, len(usable))
    assert [os.sched_getaffinity(one.pid) for one in workers] == [usable] * 2


def test_a_lost_worker_is_reported_and_the_results_of_the_others_are_kept(start):
    master, workers, port = start(2)
    target = Target("a", "127.0.0.1", port)
    both = plan(target, duration_s=1, baseline_s=0).as_record(0)
    assert LoadResult.from_record(master.run_plan(both, ALLOWANCE_S), 1.0).lost == 0
    workers[0].kill()
    result = LoadResult.from_record(master.run_plan(plan(target, duration_s=8).as_record(1), ALLOWANCE_S), 1.0)
    assert result.lost == 1
    assert result.targets["a"].histograms("wall")


def test_refused_connections_are_counted_by_error_message(start):
    master, _, _ = start(1)
    gone = Target("gone", "127.0.0.1", 9)
    result = LoadResult.from_record(master.run_plan(plan(gone, baseline_s=0).as_record(0), ALLOWANCE_S), 1.0)
    assert sum(result.targets["gone"].errors.values()) + result.missed == 100
    assert any("refused" in message for message in result.targets["gone"].errors)


def test_the_error_of_a_master_that_ends_quotes_its_log():
    with pytest.raises(WorldError, match=r"Locust's master has ended: .*No such device"), running_master("nowhere", 1):
        pass


def test_workers_are_pods_on_the_node_with_the_programs_and_the_masters_address():
    programs, deployment = worker_pods("image", "load", node="n1", workers=3, master=("172.18.0.1", 4711))
    assert "worker.py" in programs["data"]
    assert deployment["spec"]["replicas"] == 3
    pod = deployment["spec"]["template"]["spec"]
    assert pod["nodeName"] == "n1"
    assert pod["containers"][0]["command"][-2:] == ["172.18.0.1", "4711"]


def test_the_address_for_a_peer_is_the_source_address_of_packets_to_it():
    assert address_towards("127.0.0.1") == "127.0.0.1"


def test_the_record_of_a_plan_has_its_number():
    record = plan(Target("a", "10.96.0.1", 80)).as_record(7)
    assert json.loads(json.dumps(record))["number"] == 7
    assert record["request_kind"] == "first_packet"


def test_an_interruption_kills_the_master_without_waiting_for_the_plan():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    silent = subprocess.Popen(("sleep", "60"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with silent, tempfile.TemporaryFile("w+") as log, pytest.raises(KeyboardInterrupt):
            Master(silent, log, 0).read_message(60.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert silent.returncode == -signal.SIGKILL
