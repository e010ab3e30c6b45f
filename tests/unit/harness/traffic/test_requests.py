"""Tests of the program that client pods run, run locally against local sockets."""

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from errno import ECONNREFUSED
from pathlib import Path

import pytest

from clusters.errors import WorldError
from harness.kube.client import ExecResult
from harness.kube.wait import wait_until
from harness.traffic.pod.requests import LAST_PORT, PORT_RANGE
from harness.traffic.requests import CLOCK, Reply, Request, bodies, delayed, lost, read_clock_s, read_replies
from tests.fakes.cluster.apiserver import FakeApiServer, serving

LOOPBACK = "127.0.0.1"
SYN_SENT = "02"
LIMIT_S = 10.0
"""The longest time that a server here waits for a connection, so that a test fails instead of hanging."""


def run(request):
    done = subprocess.run([sys.executable, *request.argv[1:]], capture_output=True, text=True, timeout=30, check=False)
    return read_replies(ExecResult(done.stdout, done.stderr, done.returncode), "of this test")


@contextmanager
def datagram_server(answer):
    """Yield a UDP port that replies to each datagram with what `answer` returns for it and its sender."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((LOOPBACK, 0))

        def serve():
            while (got := server.recvfrom(100))[0] != b"end":
                server.sendto(answer(*got), got[1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", server.getsockname())
            thread.join()


def test_each_http_request_uses_a_new_connection(tmp_path):
    api = FakeApiServer({"GET /hostname": "web-1"})
    with serving(api, tmp_path) as cluster:
        replies = run(Request(LOOPBACK, port_of(cluster), count=3))
    assert bodies(replies) == {"web-1": 3}
    assert api.asked == ["GET /hostname"] * 3
    assert all(0 < reply.connect_us < reply.latency_us for reply in replies)
    assert not lost(replies)
    assert not delayed(replies)


def test_no_two_connections_of_a_client_come_from_one_port(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with socket.create_server((LOOPBACK, 0)) as server:
        server.settimeout(LIMIT_S)
        ports = []

        def serve():
            for _ in range(6):
                connection, (_, port) = server.accept()
                ports.append(port)
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nweb-1")

        serving_all = threading.Thread(target=serve)
        serving_all.start()
        clients = [
            threading.Thread(target=run, args=(Request(LOOPBACK, server.getsockname()[1], count=3),)) for _ in "ab"
        ]
        for client in clients:
            client.start()
        for thread in (*clients, serving_all):
            thread.join()
    first, last = map(int, PORT_RANGE.read_text().split())
    assert len(set(ports)) == 6
    assert all(first <= port <= last for port in ports)


def test_a_port_on_which_a_server_listens_is_passed_over_and_the_last_is_followed_by_the_first(tmp_path, monkeypatch):
    first, last = map(int, PORT_RANGE.read_text().split())
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / LAST_PORT.name).write_text(str(last))
    with socket.create_server((LOOPBACK, 0)) as server, holding(first):
        server.settimeout(LIMIT_S)
        answering = threading.Thread(target=lambda: answer_one(server, b"HTTP/1.0 200 OK\r\n\r\nweb-1"))
        answering.start()
        (reply,) = run(Request(LOOPBACK, server.getsockname()[1]))
        answering.join()
    assert reply.ok
    assert int((tmp_path / LAST_PORT.name).read_text()) > first


@contextmanager
def holding(port):
    """Keep a server on the port, ours or another program's."""
    with socket.socket() as held:
        with suppress(OSError):
            held.bind((LOOPBACK, port))
            held.listen()
        yield


def test_a_status_other_than_200_is_a_failure_with_status_and_body(tmp_path):
    with serving(FakeApiServer({"GET /hostname": (503, "no")}), tmp_path) as cluster:
        (reply,) = run(Request(LOOPBACK, port_of(cluster)))
    assert (reply.ok, reply.status, reply.body, reply.errno) == (False, 503, "no", None)
    assert reply.error.startswith("OSError: answered b'HTTP/1.1 503 ")
    assert not bodies((reply,))


@pytest.mark.parametrize("answer", [b"", b"503 no", b"HTTP/1.1 many\r\n\r\n"])
def test_an_answer_that_is_not_http_has_no_status(answer):
    with socket.create_server((LOOPBACK, 0)) as server:
        threading.Thread(target=lambda: answer_one(server, answer), daemon=True).start()
        (reply,) = run(Request(LOOPBACK, server.getsockname()[1]))
    assert (reply.ok, reply.status, reply.body) == (False, None, "")


def answer_one(server, answer):
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


def test_a_connection_whose_syn_was_lost_once_succeeds_and_counts_as_delayed():
    with full_queue() as server:
        port = server.getsockname()[1]

        def make_room():
            wait_until("a retransmitted SYN", lambda: retransmitted_syns(port), lambda count: count > 0, deadline_s=10)
            server.accept()[0].close()
            answer_one(server, b"HTTP/1.0 200 OK\r\n\r\nweb-1")

        serving = threading.Thread(target=make_room)
        serving.start()
        (reply,) = run(Request(LOOPBACK, port, timeout_s=10))
        serving.join()
    assert (reply.ok, reply.body) == (True, "web-1")
    assert reply.syn_retransmits >= 1
    assert reply.connect_us >= 1_000_000, "the first retransmission comes after a second"
    assert not lost((reply,))
    (message,) = delayed((reply,))
    expected = f"connected after {reply.connect_us / 1e6:.1f} s, SYN retransmitted {reply.syn_retransmits} times"
    assert message == expected


def test_a_lost_connection_records_its_syn_retransmissions():
    with full_queue() as server:
        (reply,) = run(Request(LOOPBACK, server.getsockname()[1], timeout_s=1.5))
    assert (reply.ok, reply.syn_retransmits) == (False, 1)
    assert lost((reply,)) == [reply.error]
    assert not delayed((reply,)), "a lost connection is not a delayed one"


@contextmanager
def full_queue():
    """Yield a server whose accept queue is full, so that the kernel drops every SYN for it."""
    with socket.create_server((LOOPBACK, 0), backlog=0) as server, socket.create_connection(server.getsockname()):
        yield server


def retransmitted_syns(port):
    """Return how often SYNs to this port have been retransmitted (/proc/net/tcp in proc_pid_net(5))."""
    sockets = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(
        int(retransmits, 16)
        for _, _, remote, state, _, _, retransmits, *_ in sockets
        if (remote.partition(":")[2], state) == (f"{port:04X}", SYN_SENT)
    )


def test_a_syn_retransmitted_within_milliseconds_does_not_count_as_lost():
    """Linux does that if an earlier connection with the same ports answered the SYN."""
    reply = Reply(ok=True, body="web-1", error="", latency_us=9_000, at_s=0.0, connect_us=8_200, syn_retransmits=1)
    assert not delayed((reply,))


def test_retransmitted_data_does_not_count_as_a_delay():
    reply = Reply(ok=True, body="web-1", error="", latency_us=210_000, at_s=0.0, connect_us=90, retransmits=1)
    assert not delayed((reply,))


def test_a_virtual_host_is_sent_in_the_host_header(tmp_path):
    api = FakeApiServer({"GET /hostname": "web-1"})
    with serving(api, tmp_path) as cluster:
        run(Request(LOOPBACK, port_of(cluster)))
        run(Request(LOOPBACK, port_of(cluster), virtual_host="shop.example"))
    assert api.hosts == [LOOPBACK, "shop.example"]


def test_a_refused_connection_is_reported_as_a_reply():
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    replies = run(Request(LOOPBACK, port, count=2))
    assert [(reply.errno, reply.refused) for reply in replies] == [(ECONNREFUSED, True)] * 2
    assert len(lost(replies)) == 2
    assert not bodies(replies)


def test_datagrams_carry_the_path_as_their_message():
    with datagram_server(lambda message, sender: b"got " + message) as port:
        replies = run(Request(LOOPBACK, port, count=2, protocol="udp", path="/hostname"))
    assert bodies(replies) == {"got hostname": 2}
    assert [(reply.connect_us, reply.status) for reply in replies] == [(None, None)] * 2


def test_all_connections_can_use_one_source_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    with datagram_server(lambda message, sender: f"{sender[1]}".encode()) as server:
        replies = run(Request(LOOPBACK, server, count=2, protocol="udp", source=LOOPBACK, source_port=port))
    assert bodies(replies) == {str(port): 2}


@contextmanager
def connected_elsewhere():
    """Yield the source port of an open connection that allows others from its port."""
    with socket.create_server((LOOPBACK, 0)) as server, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("", 0))
        other.connect(server.getsockname())
        yield other.getsockname()[1]


def test_a_request_can_come_from_the_port_of_a_connection_to_a_different_server(tmp_path):
    with serving(FakeApiServer({"GET /hostname": "web-1"}), tmp_path) as cluster, connected_elsewhere() as port:
        replies = run(Request(LOOPBACK, port_of(cluster), source_port=port))
    assert bodies(replies) == {"web-1": 1}


def test_a_failure_of_the_client_program_is_an_environment_error():
    with pytest.raises(WorldError, match="client a/b ended with 137: killed"):
        read_replies(ExecResult("", "killed", 137), "a/b")


def port_of(cluster):
    return int(cluster.kubeconfig.read_text().partition(f"{LOOPBACK}:")[2].split()[0])


def test_the_clock_of_a_client_is_that_of_its_replies(tmp_path):
    with serving(FakeApiServer({"GET /hostname": "web-1"}), tmp_path) as cluster:
        before_s = read_clock(CLOCK)
        (reply,) = run(Request(LOOPBACK, port_of(cluster)))
        after_s = read_clock(CLOCK)
    assert before_s <= reply.at_s <= after_s <= time.time()


def test_a_clock_that_cannot_be_read_is_an_environment_error():
    with pytest.raises(WorldError, match="client of this test ended with 127: no python3"):
        read_clock_s(ExecResult("", "no python3", 127), "of this test")


def read_clock(argv):
    done = subprocess.run([sys.executable, *argv[1:]], capture_output=True, text=True, timeout=30, check=False)
    return read_clock_s(ExecResult(done.stdout, done.stderr, done.returncode), "of this test")
