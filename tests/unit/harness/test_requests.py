"""The program that client pods run, run here, against sockets of our own."""

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from clusters.errors import WorldError
from harness.kube.client import ExecResult
from harness.kube.requests import Request, bodies, read_replies
from tests.fakes.apiserver import FakeApiServer, serving

LOOPBACK = "127.0.0.1"


def run(request):
    done = subprocess.run([sys.executable, *request.argv[1:]], capture_output=True, text=True, timeout=30, check=False)
    return read_replies(ExecResult(done.stdout, done.stderr, done.returncode), "of this test")


@contextmanager
def datagram_server(answer):
    """A UDP port that gives each datagram and its sender to `answer`, and sends back what that says."""
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


def test_each_http_connection_gets_an_answer_of_its_own(tmp_path):
    api = FakeApiServer({"GET /hostname": "web-1"})
    with serving(api, tmp_path) as cluster:
        replies = run(Request(LOOPBACK, port_of(cluster), count=3))
    assert bodies(replies) == {"web-1": 3}
    assert api.asked == ["GET /hostname"] * 3
    assert all(reply.latency_us > 0 for reply in replies)


def test_a_status_other_than_200_is_a_failure_that_tells_the_status(tmp_path):
    with serving(FakeApiServer({"GET /hostname": (503, "no")}), tmp_path) as cluster:
        (reply,) = run(Request(LOOPBACK, port_of(cluster)))
    assert not reply.ok
    assert "503" in reply.error


def test_a_site_is_asked_for_by_its_name(tmp_path):
    api = FakeApiServer({"GET /hostname": "web-1"})
    with serving(api, tmp_path) as cluster:
        run(Request(LOOPBACK, port_of(cluster)))
        run(Request(LOOPBACK, port_of(cluster), virtual_host="shop.example"))
    assert api.hosts == [LOOPBACK, "shop.example"]


def test_a_refused_connection_is_a_reply_too():
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    replies = run(Request(LOOPBACK, port, count=2))
    assert [reply.error.partition(":")[0] for reply in replies] == ["ConnectionRefusedError"] * 2
    assert not bodies(replies)


def test_datagrams_carry_the_path_as_their_message():
    with datagram_server(lambda message, sender: b"got " + message) as port:
        replies = run(Request(LOOPBACK, port, count=2, protocol="udp", path="/hostname"))
    assert bodies(replies) == {"got hostname": 2}


def test_a_client_may_keep_its_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    with datagram_server(lambda message, sender: f"{sender[1]}".encode()) as server:
        replies = run(Request(LOOPBACK, server, count=2, protocol="udp", source=LOOPBACK, source_port=port))
    assert bodies(replies) == {str(port): 2}


def test_a_client_that_fails_itself_says_nothing_about_kubernetes():
    with pytest.raises(WorldError, match="client a/b ended with 137: killed"):
        read_replies(ExecResult("", "killed", 137), "a/b")


def port_of(cluster):
    return int(cluster.kubeconfig.read_text().partition(f"{LOOPBACK}:")[2].split()[0])
