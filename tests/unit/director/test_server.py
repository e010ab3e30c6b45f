import asyncio
import socket
import stat
import threading

import pytest
from director.client import NO_DIRECTOR, DirectorUnavailable, ask, ready, run
from director.main import main
from director.server import listen
from director.socketpath import SOCKET

from clusters.addons import uml


@pytest.fixture
def director(tmp_path):
    """A function that starts a server with one `reply` to every request, and returns its socket and the requests."""
    path = tmp_path / "director.sock"
    requests = []
    running = []

    def start(reply):
        started = threading.Event()

        async def handle(request):
            requests.append(request)
            return reply

        async def serve():
            stop = asyncio.Event()
            server = await listen(handle, path)
            running.append((asyncio.get_running_loop(), stop, threading.current_thread()))
            started.set()
            await stop.wait()
            server.close()

        threading.Thread(target=lambda: asyncio.run(serve())).start()
        started.wait()
        return path, requests

    yield start
    for loop, stop, thread in running:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def test_a_command_has_the_output_and_exit_code_that_it_had_in_the_guest(director, capsys):
    path, requests = director({"exit_code": 3, "stdout": "TCP 10.96.0.1:443 rr\n", "stderr": "hm\n"})
    assert run(("ipvsadm", "-Ln"), path) == 3
    assert requests == [{"argv": ["ipvsadm", "-Ln"], "timeout_s": 60.0}]
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("TCP 10.96.0.1:443 rr\n", "hm\n")


def test_the_harness_uses_the_path_on_which_the_director_listens():
    assert str(SOCKET) == uml.SOCKET


@pytest.mark.parametrize(
    "data", [b"", b"no HTTP\r\n\r\n", b"POST / HTTP/1.0\r\ncontent-length: 4\r\n\r\nwhat", b"POST / HTTP/1.0"]
)
def test_an_invalid_request_gets_no_reply(director, data):
    path, requests = director({})
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert not requests


def test_only_the_owner_may_connect_to_the_socket(director):
    path, _ = director({})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_reply_of_megabytes_is_complete(director):
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
        ({"error": "?"}, 1, "not ready: the reply has no field `unready`"),
    ],
)
def test_ready_prints_the_reason(director, capsys, reply, exit_code, line):
    path, requests = director(reply)
    assert ready(path) == exit_code
    assert requests == [{"ask": "ready"}]
    assert capsys.readouterr().out.startswith(line)


def test_without_a_director_ready_and_commands_fail(tmp_path, capsys):
    missing = tmp_path / "missing.sock"
    with pytest.raises(DirectorUnavailable, match="No such file"):
        ask({"ask": "ready"}, 1, missing)
    assert ready(missing) == 1
    assert run(("ipset", "list"), missing) == NO_DIRECTOR
    assert "ipset: cannot reach the guest" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["director", "director run", "director dance", "director serve now"])
def test_an_unknown_command_prints_the_usage(line, capsys):
    assert main(line.split()) == 2
    assert "usage: director" in capsys.readouterr().err
