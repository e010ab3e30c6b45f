"""Requests to the echo server, in a process of its own as in a load pod, and to servers with wrong answers."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from kubeproof_load.arrivals import Target
from kubeproof_load.request_kinds import EachTargets, UnexpectedAnswer, dns_query, is_dns_answer, request_kind_of

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
def test_the_echo_server_answers_every_kind_of_request(echo, kind, detail):
    with closing(request_kind_of(kind, detail)) as request_kind:
        for _ in range(3):
            done = request_kind.once(echo, TIMEOUT_S)
            assert done.start_s < done.end_s
            assert not done.retransmitted
            assert (done.kernel_s is not None) == (kind in ("first_packet", "http_new"))


@pytest.fixture
def serve_once():
    """Start a server of one connection with a given answer; return its address and the requests it received."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        received = []

        def serving(answer):
            def answer_one():
                connection, _ = listener.accept()
                with connection:
                    received.append(connection.recv(65536))
                    connection.sendall(answer)

            threading.Thread(target=answer_one, daemon=True).start()
            return Target("one", "127.0.0.1", listener.getsockname()[1]), received

        yield serving


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503 Service Unavailable"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "without a Content-Length"),
    ],
)
def test_an_unexpected_answer_is_an_error(serve_once, answer, message):
    target, received = serve_once(answer)
    with pytest.raises(UnexpectedAnswer, match=message):
        request_kind_of("http_new", "/hostname").once(target, TIMEOUT_S)
    assert received[0].startswith(b"GET /hostname HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize("kind", ["http_new", "http_kept"])
def test_an_incomplete_answer_is_an_error(serve_once, kind):
    target, _ = serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    with pytest.raises(ConnectionResetError, match="ended before the answer"):
        request_kind_of(kind, "/").once(target, TIMEOUT_S)


def test_a_refused_connection_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = Target("gone", "127.0.0.1", listener.getsockname()[1])
    with pytest.raises(ConnectionRefusedError):
        request_kind_of("first_packet", "").once(gone, TIMEOUT_S)


def test_a_dns_answer_has_the_id_of_the_query_a_record_and_no_error():
    query = dns_query("a.b.")
    assert query[12:] == b"\x01a\x01b\x00\x00\x01\x00\x01"
    answer = query[:2] + b"\x84\x00\x00\x01\x00\x01" + query[8:]
    assert is_dns_answer(query, answer)
    assert not is_dns_answer(query, answer[:3] + b"\x03" + answer[4:])
    assert not is_dns_answer(query, b"\0\0" + answer[2:])
    assert not is_dns_answer(query, b"short")


def test_a_dns_answer_to_another_question_is_not_an_answer():
    query, other = dns_query("a.b."), dns_query("a.c.")
    answers = [asked[:2] + b"\x84\x00\x00\x01\x00\x01" + asked[8:] for asked in (query, other)]
    assert [is_dns_answer(query, answer) for answer in answers] == [True, False]
    assert [is_dns_answer(other, answer) for answer in answers] == [False, True]
    renumbered = b"\0\0" + query[2:]
    assert is_dns_answer(renumbered, b"\0\0" + answers[0][2:])
    assert not is_dns_answer(query, answers[0][:4] + b"\0\0" + answers[0][6:12] + b"\0" * 20), "no question"


def test_each_target_is_sent_its_own_kind_of_request(echo):
    kept = replace(echo, request_kind="http_kept")
    with closing(EachTargets("first_packet", "/")) as both:
        assert both.once(echo, TIMEOUT_S).kernel_s is not None
        assert both.once(kept, TIMEOUT_S).kernel_s is None
