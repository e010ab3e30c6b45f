"""Exchanges with the echo server, in a process of its own as in a load pod, and with servers that answer wrongly."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from kubeproof_load.arrivals import Target
from kubeproof_load.exchanges import Unexpected, dns_question, is_dns_answer, request_kind_of

from harness.load.master import PROCESSES

TIMEOUT_S = 10.0


@pytest.fixture(scope="module")
def echo():
    argv = [sys.executable, "-m", "kubeproof_load.echo"]
    environment = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as server:
        yield Target("echo", "127.0.0.1", int(server.stdout.readline()))
        server.stdin.close()


@pytest.mark.parametrize(
    ("kind", "detail"),
    [("first_packet", ""), ("http_new", "/"), ("http_kept", "/"), ("udp", "hello"), ("dns", "kubernetes.default.svc")],
)
def test_every_exchange_has_a_floor(echo, kind, detail):
    with closing(request_kind_of(kind, detail)) as request_kind:
        for _ in range(3):
            done = request_kind.once(echo, TIMEOUT_S)
            assert done.start_s < done.end_s
            assert not done.retransmitted
            assert (done.kernel_s is not None) == (kind in ("first_packet", "http_new"))


@pytest.fixture
def serve_once():
    """A server of one connection: what it is asked, and the answer it gives."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked = []

        def serving(answer):
            def answer_one():
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

            threading.Thread(target=answer_one, daemon=True).start()
            return Target("one", "127.0.0.1", listener.getsockname()[1]), asked

        yield serving


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503 Service Unavailable"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "does not tell its length"),
    ],
)
def test_an_answer_that_is_not_the_one_expected_is_an_error(serve_once, answer, complaint):
    target, asked = serve_once(answer)
    with pytest.raises(Unexpected, match=complaint):
        request_kind_of("http_new", "/hostname").once(target, TIMEOUT_S)
    assert asked[0].startswith(b"GET /hostname HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize("kind", ["http_new", "http_kept"])
def test_half_an_answer_is_none(serve_once, kind):
    target, _ = serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    with pytest.raises(ConnectionResetError, match="ended before the answer"):
        request_kind_of(kind, "/").once(target, TIMEOUT_S)


def test_nobody_there_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = Target("gone", "127.0.0.1", listener.getsockname()[1])
    with pytest.raises(ConnectionRefusedError):
        request_kind_of("first_packet", "").once(gone, TIMEOUT_S)


def test_a_dns_answer_is_one_to_the_question_without_an_error():
    question = dns_question("a.b.")
    assert question[12:] == b"\x01a\x01b\x00\x00\x01\x00\x01"
    answered = question[:2] + b"\x84\x00\x00\x01\x00\x01" + question[8:]
    assert is_dns_answer(question, answered)
    assert not is_dns_answer(question, answered[:3] + b"\x03" + answered[4:])
    assert not is_dns_answer(question, b"\0\0" + answered[2:])
    assert not is_dns_answer(question, b"short")
