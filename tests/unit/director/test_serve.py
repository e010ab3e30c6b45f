import asyncio
import os
import signal
import socket

import pytest
from director.client import ask
from director.frames import Decoder, encode
from director.kernel import Kernel, Program, Stream, choose_program, kernel_argv, lines
from director.routes import Routes
from director.serve import Director

from tests.fakes.host.machine import FakeMachine

START = {"node_name": "worker"}
SYNCED = b'I1124 proxier.go:649] "SyncProxyRules complete" ipFamily="IPv4" elapsed="1s"\n'
IPTABLES = b'I1124 server_linux.go:144] "Using iptables Proxier"\n'
NFTABLES = b'I1124 server_linux.go:231] "Using nftables Proxier"\n'
MAP = "elements = { 203.0.113.6 . tcp . 80 : goto external-A }"
NAT = '-A KUBE-SERVICES -d 203.0.113.5/32 -p tcp -m comment --comment "web external IP" -j KUBE-EXT-A\n'


class FakeProcess:
    """A kernel process that ends when the test sets `ended`."""

    def __init__(self):
        self.ended = asyncio.Event()
        self.pid = 2**30  # Higher than any process id.

    async def wait(self):
        await self.ended.wait()
        return -6


class FakeGuest:
    """The guest's ends of console, serial line and log. `received` are the messages from the director."""

    def __init__(self):
        self.process = FakeProcess()
        self.console = asyncio.StreamReader()
        self.received = []

    async def boot(self):
        serial, self.serial = socket.socketpair()
        log, self.log = socket.socketpair()
        self.serial.setblocking(False)
        return Kernel(
            self.process,
            self.console,
            Stream(*await asyncio.open_connection(sock=serial)),
            Stream(*await asyncio.open_connection(sock=log)),
        )

    def send(self, **message):
        self.serial.sendall(encode(message))

    async def answer(self, replies):
        """Reply to each request with `replies(request)`, or not at all if that is None, until the line is closed."""
        decoder = Decoder()
        while data := await asyncio.get_running_loop().sock_recv(self.serial, 4096):
            for request in decoder.feed(data):
                self.received.append(request)
                if "number" in request and (reply := replies(request)) is not None:
                    self.send(**reply, number=request["number"])

    def end(self):
        self.serial.close()
        self.log.close()
        self.console.feed_eof()
        self.process.ended.set()


def direct(tmp_path, story, replies=lambda request: {}):
    """Run `story(guest, machine)` on a running director. Return the director's exit code, and the fake machine."""
    machine = FakeMachine()

    async def play():
        guest = FakeGuest()
        kernel = await guest.boot()
        director = Director(kernel, Routes(machine, "10.96.0.0/16", frozenset()), START)
        running = asyncio.create_task(director.run(tmp_path / "director.sock"))
        answering = asyncio.create_task(guest.answer(replies))
        await story(guest, machine)
        exit_code = await running
        answering.cancel()
        kernel.close()
        return exit_code

    return asyncio.run(play()), machine


async def running(guest, machine):
    """Send the event "running", and wait until the director has handled it.

    Events are handled in order, so the route of the second event shows it.
    """
    guest.send(event="running")
    guest.send(event="addresses", addresses=["203.0.113.77"])
    await until(lambda: machine.ran)


async def until(condition):
    """Let the director's tasks run until `condition()` is true. Raises `TimeoutError` after 10 s."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)  # Lets other tasks run; no time passes.


def test_when_the_guest_ends_the_director_logs_its_last_lines_and_fails(tmp_path, capsys):
    async def story(guest, machine):
        guest.console.feed_data(b"booting\nKernel panic - not syncing\n")
        guest.end()

    exit_code, _ = direct(tmp_path, story)
    assert exit_code == 1
    output = capsys.readouterr().out
    assert "guest: Kernel panic - not syncing\n" in output
    assert output.endswith("its last lines were:\ndirector:   booting\ndirector:   Kernel panic - not syncing\n")


def test_on_sigterm_the_director_stops_the_guest(tmp_path):
    async def story(guest, machine):
        await running(guest, machine)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: any(request.get("ask") == "stop" for request in guest.received))
        guest.end()

    assert direct(tmp_path, story)[0] == 0


def test_the_event_up_is_followed_by_the_start_message(tmp_path):
    async def story(guest, machine):
        guest.send(event="up")
        await until(lambda: guest.received)
        guest.end()
        assert guest.received == [START]

    direct(tmp_path, story)


def test_addresses_of_the_ipvs_device_become_routes(tmp_path):
    async def story(guest, machine):
        guest.send(event="addresses", addresses=["203.0.113.5"])
        await until(lambda: machine.ran)
        guest.end()

    _, machine = direct(tmp_path, story)
    assert machine.stdin == ["route replace 203.0.113.5/32 via 169.254.77.2 dev ipvs0\n"]


def test_after_a_sync_of_the_iptables_proxier_its_rules_become_routes(tmp_path):
    async def story(guest, machine):
        await running(guest, machine)
        guest.log.sendall(IPTABLES + SYNCED)
        await until(lambda: len(machine.ran) == 2)
        guest.end()

    def replies(request):
        return {"exit_code": 0, "stdout": NAT if "--table=nat" in request["argv"] else ""}

    _, machine = direct(tmp_path, story, replies)
    assert machine.stdin[1:] == ["route replace 203.0.113.5/32 via 169.254.77.2 dev ipvs0\n"]


def test_after_a_switch_to_nftables_the_routes_follow_from_its_maps(tmp_path):
    async def story(guest, machine):
        await running(guest, machine)
        guest.log.sendall(IPTABLES + SYNCED)
        await until(lambda: len(machine.ran) == 2)
        guest.log.sendall(NFTABLES + SYNCED)
        await until(lambda: len(machine.ran) == 3)
        guest.end()

    def replies(request):
        return {"exit_code": 0, "stdout": NAT if request["argv"][0] == "iptables" else MAP}

    _, machine = direct(tmp_path, story, replies)
    assert machine.stdin[2] == (
        "route replace 203.0.113.6/32 via 169.254.77.2 dev ipvs0\n"
        "route delete 203.0.113.5/32 via 169.254.77.2 dev ipvs0\n"
    )


def test_the_routes_stay_if_the_rules_cannot_be_listed(tmp_path, capsys):
    async def story(guest, machine):
        await running(guest, machine)
        guest.log.sendall(IPTABLES + SYNCED)
        await until(lambda: "keeps its routes" in capsys.readouterr().out)
        guest.end()

    _, machine = direct(tmp_path, story, lambda request: {"exit_code": 4, "stderr": "lock is held", "stdout": ""})
    assert len(machine.ran) == 1, "only the route of the event"


@pytest.mark.parametrize(
    ("message", "reply"),
    [({"argv": ["ipvsadm"], "timeout_s": 60}, {"exit_code": 0}), ({"ask": "ready"}, {"unready": ""})],
)
def test_requests_from_the_pod_are_forwarded_to_the_guest(tmp_path, message, reply):
    replies = []

    async def story(guest, machine):
        await running(guest, machine)
        replies.append(await asyncio.to_thread(ask, message, 10, tmp_path / "director.sock"))
        guest.end()

    direct(tmp_path, story, lambda request: reply)
    assert replies[0].items() >= reply.items()


def test_the_kernels_command_line_has_its_serial_lines_and_a_read_only_root():
    argv = kernel_argv(Program("/usr/bin/linux.uml"), "512M", serial=7, log=9)
    assert argv[0] == "/usr/bin/linux.uml"
    assert {"mem=512M", "ro", "rootflags=/", "ssl0=fd:7", "ssl1=null,fd:9", "panic=-1"} <= set(argv)


def test_kubeproofs_own_kernel_is_used_if_the_node_has_it(tmp_path):
    own = tmp_path / "linux"
    assert choose_program(own).path == "/usr/bin/linux.uml"
    assert dict(choose_program(own).environment) == {"LD_PRELOAD": "/usr/local/lib/kubeproof/preload.so"}
    own.touch()
    assert choose_program(own) == Program(str(own), ("seccomp=auto",))


def test_lines_of_any_length_are_complete_and_the_last_needs_no_line_feed():
    async def read():
        stream = asyncio.StreamReader(limit=16)
        for piece in (b"one\r\nt", b"wo\n", b"x" * 100_000, b"\n", b"last"):
            stream.feed_data(piece)
        stream.feed_eof()
        return [line async for line in lines(stream)]

    assert asyncio.run(read()) == ["one", "two", "x" * 100_000, "last"]


def test_a_request_times_out_after_the_time_that_it_names(tmp_path):
    replies = []

    async def story(guest, machine):
        await running(guest, machine)
        request = {"argv": ["unshare"], "timeout_s": 0.01}
        replies.append(await asyncio.to_thread(ask, request, 10, tmp_path / "director.sock"))
        guest.end()

    direct(tmp_path, story, lambda request: None)
    assert replies[0]["exit_code"] == 124
    assert "within 0.01 s" in replies[0]["stderr"]
