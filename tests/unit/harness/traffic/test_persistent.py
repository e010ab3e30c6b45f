"""Tests of the program for persistent connections, run locally against a fake API server as the backend."""

import json
import socket
import subprocess
import sys

import pytest

from clusters.errors import WorldError
from harness.kube.client import ExecResult, Kube
from harness.traffic.client import Client
from harness.traffic.persistent import (
    PROGRAM,
    PersistentConnection,
    PersistentConnections,
    persistent_connections,
    read_connections,
    require_complete,
)
from harness.traffic.steady import TrafficTooShort
from tests.fakes.cluster.apiserver import STDERR, FakeApiServer, exits, serving
from tests.unit.harness.traffic.test_requests import LOOPBACK, connected_elsewhere, port_of


def run(directory, port, count, *, source_port=0, limit_s=30, end_requested=True):
    plan = {"host": LOOPBACK, "port": port, "source_port": source_port, "count": count}
    plan |= {"spacing_s": 0.01, "limit_s": limit_s}
    paths = {"open": str(directory / "open"), "enough": str(directory / "enough")}
    if end_requested:
        (directory / "enough").touch()
    argv = (sys.executable, "-c", PROGRAM, json.dumps({**plan, **paths}))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    return read_connections(ExecResult(done.stdout, done.stderr, done.returncode), "of this test")


def test_each_connection_sends_requests_until_the_end(tmp_path):
    api = FakeApiServer({"GET /hostname": "web-1"})
    with serving(api, tmp_path) as cluster:
        connections = run(tmp_path, port_of(cluster), 2)
    assert [(one.body, one.answers, one.error) for one in connections] == [("web-1", 2, "")] * 2
    assert [(one.retransmits, one.cut_short) for one in connections] == [(0, False)] * 2
    assert all(one.slowest_us > 0 for one in connections)
    assert (tmp_path / "open").exists()


def test_a_connection_can_come_from_the_port_of_another_to_a_different_server(tmp_path):
    with serving(FakeApiServer({"GET /hostname": "web-1"}), tmp_path) as cluster, connected_elsewhere() as port:
        (connection,) = run(tmp_path, port_of(cluster), 1, source_port=port)
    assert (connection.body, connection.error) == ("web-1", "")


def test_a_source_port_that_another_connection_does_not_share_is_an_error(tmp_path):
    with serving(FakeApiServer({"GET /hostname": "web-1"}), tmp_path) as cluster, socket.socket() as other:
        other.bind(("", 0))
        (connection,) = run(tmp_path, port_of(cluster), 1, source_port=other.getsockname()[1])
    assert "Address already in use" in connection.error


def test_connections_that_reach_their_time_limit_are_an_environment_error(tmp_path):
    with serving(FakeApiServer({"GET /hostname": "web-1"}), tmp_path) as cluster:
        connections = run(tmp_path, port_of(cluster), 2, limit_s=0, end_requested=False)
    assert all(one.cut_short for one in connections)
    with pytest.raises(TrafficTooShort, match="the connections of a/b were closed at their limit of 600 s, before"):
        require_complete(PersistentConnections(connections), "the connections of a/b")


@pytest.mark.parametrize(
    ("slowest_us", "retransmits", "error", "stalled"),
    [
        (1_400_000, 3, "", True),
        (1_400_000, 0, "", False),
        (210_000, 1, "", False),
        (5_000_000, 5, "TimeoutError: timed out", False),
    ],
    ids=["packets lost for a while", "slow, nothing lost", "one retransmission", "broken"],
)
def test_only_a_slow_answer_with_retransmissions_is_a_stall(slowest_us, retransmits, error, stalled):
    persistent = PersistentConnections(
        (PersistentConnection("web-1", 9, error, slowest_us, retransmits, cut_short=False),)
    )
    assert persistent.stalled == ["an answer took 1.4 s, with 3 retransmitted segments"] * stalled
    assert persistent.retransmits == retransmits


def test_a_connection_that_cannot_be_opened_is_recorded_and_not_retried(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        port = port_of(cluster)
    (connection,) = run(tmp_path, port, 1)
    assert (connection.answers, connection.error.partition(":")[0]) == (0, "ConnectionRefusedError")


def test_a_failure_of_the_program_is_an_environment_error():
    with pytest.raises(WorldError, match="client a/b ended with 137: killed"):
        read_connections(ExecResult("", "killed", 137), "a/b")


def test_a_program_that_fails_at_once_is_an_environment_error_before_the_block_begins(tmp_path):
    commands, begun = [], []

    def program(execution):
        commands.append(execution.argv[0])
        if execution.argv[0] == "python3":
            execution.say(STDERR, "SyntaxError: invalid syntax")
            execution.end(exits(1))
        else:
            execution.end(exits(2))

    with serving(FakeApiServer({}, program), tmp_path) as cluster:
        client = Client(Kube(cluster), "a", "b", "10.244.1.5", "worker")
        with (
            pytest.raises(WorldError, match="client a/b ended with 1: SyntaxError: invalid syntax"),
            persistent_connections(client, "10.96.0.9", 80, 3),
        ):
            begun.append(True)
    assert not begun
    assert "touch" not in commands, "a program that has ended needs no request to end"
