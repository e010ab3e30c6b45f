"""The program that holds connections, run here, against an API server of our own in place of a backend."""

import json
import subprocess
import sys

import pytest

from clusters.errors import WorldError
from harness.kube.client import ExecResult
from harness.traffic.persistent import (
    PROGRAM,
    PersistentConnection,
    PersistentConnections,
    read_connections,
    require_whole,
)
from harness.traffic.steady import TrafficTooShort
from tests.fakes.apiserver import FakeApiServer, serving
from tests.unit.harness.traffic.test_requests import LOOPBACK, port_of


def hold(directory, port, count, *, limit_s=30, told_to_end=True):
    wish = {"host": LOOPBACK, "port": port, "count": count, "spacing_s": 0.01, "limit_s": limit_s}
    paths = {"open": str(directory / "open"), "enough": str(directory / "enough")}
    if told_to_end:
        (directory / "enough").touch()
    argv = (sys.executable, "-c", PROGRAM, json.dumps({**wish, **paths}))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    return read_connections(ExecResult(done.stdout, done.stderr, done.returncode), "of this test")


def test_each_held_connection_is_asked_from_first_to_last(tmp_path):
    api = FakeApiServer({"GET /hostname": "web-1"})
    with serving(api, tmp_path) as cluster:
        held = hold(tmp_path, port_of(cluster), 2)
    assert [(one.body, one.answers, one.error) for one in held] == [("web-1", 2, "")] * 2
    assert [(one.retransmits, one.cut_short) for one in held] == [(0, False)] * 2
    assert all(one.slowest_us > 0 for one in held)
    assert (tmp_path / "open").exists()


def test_connections_that_were_held_for_too_short_a_time_are_an_error_of_the_test(tmp_path):
    with serving(FakeApiServer({"GET /hostname": "web-1"}), tmp_path) as cluster:
        held = hold(tmp_path, port_of(cluster), 2, limit_s=0, told_to_end=False)
    assert all(one.cut_short for one in held)
    with pytest.raises(TrafficTooShort, match="the connections of a/b were closed at their limit of 600 s, before"):
        require_whole(PersistentConnections(held), "the connections of a/b")


@pytest.mark.parametrize(
    ("slowest_us", "retransmits", "error", "stalled"),
    [
        (1_400_000, 3, "", True),
        (1_400_000, 0, "", False),
        (210_000, 1, "", False),
        (5_000_000, 5, "TimeoutError: timed out", False),
    ],
    ids=["its packets were lost for a while", "slow, nothing lost", "one packet sent again", "broken"],
)
def test_a_stall_is_told_from_slowness_and_from_one_packet_sent_again(slowest_us, retransmits, error, stalled):
    holding = PersistentConnections(
        (PersistentConnection("web-1", 9, error, slowest_us, retransmits, cut_short=False),)
    )
    assert holding.stalled == ["an answer took 1.4 s, with 3 segments sent again"] * stalled
    assert holding.retransmits == retransmits


def test_what_cannot_be_opened_is_told_and_not_tried_again(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        port = port_of(cluster)
    (one,) = hold(tmp_path, port, 1)
    assert (one.answers, one.error.partition(":")[0]) == (0, "ConnectionRefusedError")


def test_a_holder_that_fails_itself_says_nothing_about_kubernetes():
    with pytest.raises(WorldError, match="client a/b ended with 137: killed"):
        read_connections(ExecResult("", "killed", 137), "a/b")
