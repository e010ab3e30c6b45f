import asyncio
import os
import signal
import socket

import pytest
from director.client import ask
from director.frames import Decoder, encode
from director.kernel import Kernel, Stream, kernel_argv, lines
from director.routes import Routes
from director.serve import Director

from tests.fakes.machine import FakeMachine

START = {"node_name": "worker"}
NAT = '-A KUBE-SERVICES -d 203.0.113.5/32 -p tcp -m comment --comment "web external IP" -j KUBE-EXT-A\n'


class FakeProcess:
    """A kernel that ends when the test says so."""

    def __init__(self):
        self.ended = asyncio.Event()
        self.pid = 2**30  # Nobody's.

    async def wait(self):
        await self.ended.wait()
        return -6


class FakeGuest:
    """The guest's ends of console, serial line and log; answers what the director asks of itself."""

    def __init__(self):
        self.process = FakeProcess()
        self.console = asyncio.StreamReader()
        self.asked = []

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

    def say(self, **message):
        self.serial.sendall(encode(message))

    async def answer(self, replies):
        """Answer questions by `replies`, a function, for as long as there are some."""
        decoder = Decoder()
        while data := await asyncio.get_running_loop().sock_recv(self.serial, 4096):
            for question in decoder.feed(data):
                self.asked.append(question)
                if "number" in question and (reply := replies(question)) is not None:
                    self.say(**reply, number=question["number"])

    def end(self):
        self.serial.close()
        self.log.close()
        self.console.feed_eof()
        self.process.ended.set()


def direct(tmp_path, story, replies=lambda question: {}):
    """Play `story(guest, machine)` on a running director; its exit code, and the machine's routes."""
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
    """Say that the guest runs, and wait until the director has heard it: events are heard in order."""
    guest.say(event="running")
    guest.say(event="addresses", addresses=["203.0.113.77"])
    await until(lambda: machine.ran)


async def until(seen):
    """Give the director its turns until `seen()`; a hung test is ended by its own time-out."""
    async with asyncio.timeout(10):
        while not seen():
            await asyncio.sleep(0)  # Only lets others run; no time passes.


def test_a_guest_that_dies_ends_the_director_with_its_last_lines(tmp_path, capsys):
    async def story(guest, machine):
        guest.console.feed_data(b"booting\nKernel panic - not syncing\n")
        guest.end()

    exit_code, _ = direct(tmp_path, story)
    assert exit_code == 1
    said = capsys.readouterr().out
    assert "guest: Kernel panic - not syncing\n" in said
    assert said.endswith("its last lines were:\ndirector:   booting\ndirector:   Kernel panic - not syncing\n")


def test_told_to_stop_the_director_stops_the_guest_first(tmp_path):
    async def story(guest, machine):
        await running(guest, machine)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: any(question.get("ask") == "stop" for question in guest.asked))
        guest.end()

    assert direct(tmp_path, story)[0] == 0


def test_the_guest_is_told_what_it_needs_when_it_is_up(tmp_path):
    async def story(guest, machine):
        guest.say(event="up")
        await until(lambda: guest.asked)
        guest.end()
        assert guest.asked == [START]

    direct(tmp_path, story)


def test_addresses_of_the_ipvs_device_become_routes(tmp_path):
    async def story(guest, machine):
        guest.say(event="addresses", addresses=["203.0.113.5"])
        await until(lambda: machine.ran)
        guest.end()

    _, machine = direct(tmp_path, story)
    assert machine.stdin == ["route replace 203.0.113.5/32 via 169.254.77.2 dev ipvs0\n"]


def test_after_a_sync_of_the_iptables_proxier_its_rules_become_routes(tmp_path):
    async def story(guest, machine):
        await running(guest, machine)
        guest.log.sendall(b'I1124 proxier.go:649] "SyncProxyRules complete" ipFamily="IPv4" elapsed="1s"\n')
        await until(lambda: len(machine.ran) == 2)
        guest.end()

    def replies(question):
        return {"exit_code": 0, "stdout": NAT if "--table=nat" in question["argv"] else ""}

    _, machine = direct(tmp_path, story, replies)
    assert machine.stdin[1:] == ["route replace 203.0.113.5/32 via 169.254.77.2 dev ipvs0\n"]


@pytest.mark.parametrize(
    ("question", "reply"),
    [({"argv": ["ipvsadm"], "timeout_s": 60}, {"exit_code": 0}), ({"ask": "ready"}, {"unready": ""})],
)
def test_programs_in_the_pod_reach_the_guest(tmp_path, question, reply):
    heard = []

    async def story(guest, machine):
        await running(guest, machine)
        heard.append(await asyncio.to_thread(ask, question, 10, tmp_path / "director.sock"))
        guest.end()

    direct(tmp_path, story, lambda question: reply)
    assert heard[0].items() >= reply.items()


def test_the_kernel_gets_its_lines_and_a_read_only_root():
    argv = kernel_argv("512M", serial=7, log=9)
    assert argv[0] == "/usr/bin/linux.uml"
    assert {"mem=512M", "ro", "rootflags=/", "ssl0=fd:7", "ssl1=null,fd:9", "panic=-1"} <= set(argv)


def test_lines_are_whole_however_long_and_the_last_needs_no_end():
    async def read():
        stream = asyncio.StreamReader(limit=16)
        for piece in (b"one\r\nt", b"wo\n", b"x" * 100_000, b"\n", b"last"):
            stream.feed_data(piece)
        stream.feed_eof()
        return [line async for line in lines(stream)]

    assert asyncio.run(read()) == ["one", "two", "x" * 100_000, "last"]


def test_a_program_is_waited_for_as_long_as_was_asked(tmp_path):
    heard = []

    async def story(guest, machine):
        await running(guest, machine)
        question = {"argv": ["unshare"], "timeout_s": 0.01}
        heard.append(await asyncio.to_thread(ask, question, 10, tmp_path / "director.sock"))
        guest.end()

    direct(tmp_path, story, lambda question: None)
    assert heard[0]["exit_code"] == 124
    assert "within 0.01 s" in heard[0]["stderr"]
