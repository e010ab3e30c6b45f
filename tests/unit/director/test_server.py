import asyncio
import socket
import stat
import threading

import pytest
from director.client import NO_DIRECTOR, NoAnswer, ask, ready, run
from director.main import main
from director.server import listen
from director.socketpath import SOCKET

from clusters.addons import uml


@pytest.fixture
def director(tmp_path):
    """Starts a server that gives `reply` to every question; returns its socket and what it was asked."""
    path = tmp_path / "director.sock"
    asked = []
    running = []

    def start(reply):
        started = threading.Event()

        async def answer(question):
            asked.append(question)
            return reply

        async def serve():
            stop = asyncio.Event()
            server = await listen(answer, path)
            running.append((asyncio.get_running_loop(), stop, threading.current_thread()))
            started.set()
            await stop.wait()
            server.close()

        threading.Thread(target=lambda: asyncio.run(serve())).start()
        started.wait()
        return path, asked

    yield start
    for loop, stop, thread in running:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def test_a_command_prints_what_it_printed_in_the_guest_and_ends_as_there(director, capsys):
    path, asked = director({"exit_code": 3, "stdout": "TCP 10.96.0.1:443 rr\n", "stderr": "hm\n"})
    assert run(("ipvsadm", "-Ln"), path) == 3
    assert asked == [{"argv": ["ipvsadm", "-Ln"], "timeout_s": 60.0}]
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("TCP 10.96.0.1:443 rr\n", "hm\n")


def test_the_nodes_root_asks_where_the_director_listens():
    assert str(SOCKET) == uml.SOCKET


@pytest.mark.parametrize(
    "noise", [b"", b"no HTTP\r\n\r\n", b"POST / HTTP/1.0\r\ncontent-length: 4\r\n\r\nwhat", b"POST / HTTP/1.0"]
)
def test_who_says_nothing_that_can_be_understood_gets_no_answer(director, noise):
    path, asked = director({})
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert not asked


def test_only_root_may_speak_to_the_socket(director):
    path, _ = director({})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_answer_of_megabytes_arrives_whole(director):
    path, _ = director({"stdout": "x" * 5_000_000})
    assert len(ask({"argv": ["iptables-save"]}, 10, path)["stdout"]) == 5_000_000


def test_a_socket_left_by_a_killed_director_is_replaced(director, tmp_path):
    (tmp_path / "director.sock").touch()
    path, _ = director({"unready": ""})
    assert ready(path) == 0


@pytest.mark.parametrize(
    ("reply", "exit_code", "line"),
    [
        ({"unready": ""}, 0, "ready\n"),
        ({"unready": "kube-proxy has not finished its first sync"}, 1, "not ready: kube-proxy has not finished"),
        ({"error": "?"}, 1, "not ready: the answer says nothing"),
    ],
)
def test_ready_gives_the_reason(director, capsys, reply, exit_code, line):
    path, asked = director(reply)
    assert ready(path) == exit_code
    assert asked == [{"ask": "ready"}]
    assert capsys.readouterr().out.startswith(line)


def test_without_a_director_nothing_is_ready_and_no_command_runs(tmp_path, capsys):
    nobody = tmp_path / "nobody.sock"
    with pytest.raises(NoAnswer, match="No such file"):
        ask({"ask": "ready"}, 1, nobody)
    assert ready(nobody) == 1
    assert run(("ipset", "list"), nobody) == NO_DIRECTOR
    assert "ipset: the guest cannot be asked" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["director", "director run", "director dance", "director serve now"])
def test_what_is_no_command_of_ours_is_refused(line, capsys):
    assert main(line.split()) == 2
    assert "usage: director" in capsys.readouterr().err
