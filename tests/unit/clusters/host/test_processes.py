"""Tests with real processes: a started process ends with the process that started it, and at its time limit."""

import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from clusters.errors import CommandFailed, WorldError
from clusters.host.command import HostCommands
from clusters.host.ownership import Owner
from clusters.host.processes import GRACE_S, MAKING_S, HostProcesses, Process, with_descendants
from tests.fakes.clock import JumpingClock

PATIENCE_S = 30
"""The time limit of each test's waits, much longer than any of them takes."""

PLAIN = "sleep 600 & echo $$ $! > {line}; wait"
STUBBORN = 'trap "" TERM; sleep 600 & echo $$ $! > {line}; wait; wait'
RUN = "import sys; from clusters.host.command import HostCommands; HostCommands().run(*sys.argv[1:], timeout_s=600)"
INTERRUPTIBLE = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {RUN}"
"""A run that SIGINT interrupts. Without this, it inherits that SIGINT is ignored if a shell started the tests in the
background."""


@pytest.fixture
def line(tmp_path) -> Path:
    """Return a named pipe to which children write their PIDs. Reading waits until they have written."""
    fifo = tmp_path / "line"
    os.mkfifo(fifo)
    return fifo


@contextmanager
def started(*argv, code=RUN, **environment):
    """Start a Python process that runs a command, and kill it at the end of the test."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *argv], env={**os.environ, "PYTHONPATH": str(Path.cwd()), **environment}
    ) as parent:
        try:
            yield parent
        finally:
            parent.kill()


def watch(pids):
    """Return handles that identify these processes even if their PIDs are reused (pidfd_open(2))."""
    return [os.pidfd_open(int(pid)) for pid in pids]


def ended(handle, patience_s=PATIENCE_S):
    """Return True if the process ends within `patience_s`."""
    return bool(select.select([handle], [], [], patience_s)[0])


def test_children_of_a_killed_parent_are_ended_even_if_they_ignore_sigterm(line):
    with started("sh", "-c", STUBBORN.format(line=line)) as parent:
        handles = watch(line.read_text().split())
        parent.kill()
        assert all(map(ended, handles))


@pytest.mark.parametrize(
    "escape",
    ["setsid sh -c '{inner}'", "env -i /bin/sh -c '{inner}'", "(sh -c '{inner}' &); sleep 600"],
    ids=["a session of its own", "no environment", "orphaned"],
)
def test_a_grandchild_is_ended_even_if_it_is_detached(line, escape):
    inner = f"echo $$ > {line}; exec sleep 600"
    with started("sh", "-c", escape.format(inner=inner)) as parent:
        handles = watch(line.read_text().split())
        parent.kill()
        assert all(map(ended, handles))


def test_children_that_were_not_started_by_host_commands_are_ended(line):
    """xdist's workers are such children of the run."""
    code = "import subprocess, sys; from clusters.host.supervisor import supervise; supervise(); subprocess.run(sys.argv[1:])"
    with started("sh", "-c", PLAIN.format(line=line), code=code) as parent:
        handles = watch(line.read_text().split())
        parent.kill()
        assert all(map(ended, handles))


def test_a_nested_run_is_ended_with_its_children(line):
    with started(sys.executable, "-c", RUN, "sh", "-c", PLAIN.format(line=line)) as parent:
        handles = watch(line.read_text().split())
        parent.kill()
        assert all(map(ended, handles))


def test_children_of_an_interrupted_parent_are_ended(line):
    with started("sh", "-c", PLAIN.format(line=line), code=INTERRUPTIBLE) as parent:
        handles = watch(line.read_text().split())
        parent.send_signal(signal.SIGINT)
        assert parent.wait(PATIENCE_S) != 0
        assert all(ended(handle, 0) for handle in handles), "they end before their parent"


def test_children_continue_after_the_thread_that_started_them_has_ended(line):
    """A parent-death signal would be sent when that thread ends."""
    code = (
        "import subprocess, sys, threading; from clusters.host.supervisor import supervise; supervise(); "
        "start = threading.Thread(target=lambda: subprocess.Popen(sys.argv[1:])); start.start(); start.join(); "
        "print('joined', flush=True); sys.stdin.read()"
    )
    argv = ("sh", "-c", f"echo $$ > {line}; exec sleep 600")
    with subprocess.Popen(
        [sys.executable, "-c", code, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
    ) as parent:
        (handle,) = watch(line.read_text().split())
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"joined\n"
        assert not ended(handle, 0)
        parent.kill()
        assert ended(handle)


def test_a_process_that_creates_a_container_is_not_ended_before_the_container_exists(line, tmp_path):
    """The engine creates it in any case, and only an existing container can be removed."""
    go = tmp_path / "go"
    os.mkfifo(go)
    (tmp_path / "run").write_text(f"read word < {go}; echo made > {tmp_path}/made")
    # A shell named `docker` reads the script `run`, so that its command line is that of `docker run`.
    script = (
        f"cd {tmp_path}; (exec -a docker sh run) & echo $! > first; sleep 600 & echo $(cat first) $! > {line}; wait"
    )
    with started("bash", "-c", script) as parent:
        making, other = watch(line.read_text().split())
        parent.kill()
        assert ended(other)
        assert not ended(making, 0)
        go.write_text("go\n")
        assert ended(making)
        assert (tmp_path / "made").exists()


class FakeProc:
    """A directory that replaces /proc.

    A process ends at the first signal; if it is `stubborn`, at SIGKILL; if it is `stuck`, never.
    """

    def __init__(self, folder, stubborn=(), stuck=()):
        self.folder = folder
        self.clock = JumpingClock()
        self.sent = []
        self.born = {}
        self._stubborn, self._stuck = stubborn, stuck
        (folder / "self" / "ns").mkdir(parents=True)
        (folder / "self" / "ns" / "pid").touch()

    def add(self, pid, *argv, session=None):
        fields = ["S", "1", str(pid), str(session or pid), *(str(number) for number in range(7, 53))]
        (self.folder / str(pid)).mkdir()
        (self.folder / str(pid) / "stat").write_text(f"{pid} (x) {' '.join(fields)}\n")
        (self.folder / str(pid) / "cmdline").write_text("\0".join(argv) + "\0")
        (self.folder / str(pid) / "environ").write_text("")

    def kill(self, pid, number):
        self.sent.append((pid, signal.Signals(number).name, round(self.clock.now_s)))
        if pid not in self._stuck and (number == signal.SIGKILL or pid not in self._stubborn):
            shutil.rmtree(self.folder / str(pid))
            for child in self.born.pop(pid, ()):
                self.add(child, "sleep", session=pid)

    def end(self, *pids):
        return HostProcesses(self.folder, self.clock, self.kill).end(lambda seen: seen.pid in pids)


def test_a_process_that_creates_a_container_for_too_long_is_ended(tmp_path):
    proc = FakeProc(tmp_path)
    proc.add(7, "docker", "run", "--detach", "image")
    proc.add(8, "docker", "exec", "container", "ps")
    proc.add(9, "docker", "ps")
    assert [seen.pid for seen in proc.end(7, 8)] == [7, 8]
    assert sorted(proc.sent) == [(7, "SIGTERM", MAKING_S), (8, "SIGTERM", 0)]


def test_sigkill_is_sent_after_the_grace_time(tmp_path):
    proc = FakeProc(tmp_path, stubborn=(7,))
    proc.add(7, "mmdebstrap")
    proc.end(7)
    assert (proc.sent[0], proc.sent[-1]) == ((7, "SIGTERM", 0), (7, "SIGKILL", GRACE_S))


def test_a_child_started_just_before_its_parent_ended_is_found_by_its_session(tmp_path):
    """Its parent is gone, and its environment names no owner."""
    proc = FakeProc(tmp_path)
    proc.add(7, "sh")
    proc.add(9, "sh")
    proc.born = {7: [8]}
    assert [seen.pid for seen in proc.end(7)] == [7, 8]


def test_a_process_that_survives_sigkill_is_reported_and_the_others_are_ended(tmp_path):
    """A process that waits for a device or a file server does not handle the signal."""
    proc = FakeProc(tmp_path, stuck=(7,))
    proc.add(7, "docker", "ps")
    proc.add(8, "docker", "ps")
    with pytest.raises(WorldError, match=r"process 7 \(docker\) still runs 60 s after SIGKILL"):
        proc.end(7, 8)
    assert {pid for pid, _, _ in proc.sent} == {7, 8}
    assert not (tmp_path / "8").exists()


def test_a_process_that_may_not_be_signalled_is_ignored(tmp_path):
    def refuse(pid, number):
        raise PermissionError

    proc = FakeProc(tmp_path)
    proc.add(7, "sudo")
    assert HostProcesses(tmp_path, proc.clock, refuse).end(lambda seen: True) == ()


def test_a_time_out_ends_the_descendants_too():
    with pytest.raises(CommandFailed, match="did not end in time") as late:
        HostCommands().run("sh", "-c", "sleep 600 & echo $!; wait", timeout_s=2.0)
    assert int(late.value.stdout) not in {seen.pid for seen in HostProcesses().read()}


def test_other_processes_are_not_ended(line):
    """The others are a process of a run that has not ended, and a process without an owner."""
    own = {**os.environ, "KUBEPROOF_OWNER": str(Owner.myself())}
    foreign = {name: value for name, value in os.environ.items() if name != "KUBEPROOF_OWNER"}
    with started("sh", "-c", PLAIN.format(line=line)) as parent:
        first = subprocess.Popen(["sleep", "600"], env=own)
        second = subprocess.Popen(["sleep", "600"], env=foreign, start_new_session=True)
        handles = watch(line.read_text().split())
        parent.kill()
        assert all(map(ended, handles))
        for other in (first, second):
            assert other.poll() is None
            other.kill()
            other.wait()


def test_the_supervisor_ends_when_its_process_exits_normally():
    code = (
        "from clusters.host import supervisor as s; s.supervise(); "
        "import os; print(open(f'/proc/self/task/{os.getpid()}/children').read())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    (supervisor,) = done.stdout.split()
    assert not Path(f"/proc/{supervisor}").exists()
    assert done.stderr == ""


def test_the_owner_is_read_from_the_environment_of_a_process():
    with subprocess.Popen(["sleep", "600"], env={"KUBEPROOF_OWNER": str(Owner.myself())}) as child:
        (seen,) = [seen for seen in HostProcesses().read() if seen.pid == child.pid]
        child.kill()
    assert seen.owner == Owner.myself()
    assert seen.parent == os.getpid()


def test_an_owner_of_another_pid_namespace_is_read_unchanged():
    """A run in a container has PIDs that belong to other processes on the host."""
    elsewhere = replace(Owner.myself(), pid_namespace="1")
    with subprocess.Popen(["sleep", "600"], env={"KUBEPROOF_OWNER": str(elsewhere)}) as child:
        (seen,) = [seen for seen in HostProcesses().read() if seen.pid == child.pid]
        child.kill()
    assert seen.owner == elsewhere


def test_descendants_of_all_generations_are_found():
    processes = [Process(pid, parent, pid, 1) for pid, parent in ((2, 1), (3, 2), (4, 3), (5, 1), (6, 5))]
    assert {seen.pid for seen in with_descendants(processes, lambda seen: seen.pid == 2)} == {2, 3, 4}
