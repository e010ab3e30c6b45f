"""The guest's kernel as a process: user-mode Linux with this container's file system as its read-only root.

The guest's console and serial lines are file descriptors of the director: the console carries the output of kernel
and agent, ttyS0 carries requests and events, ttyS1 carries kube-proxy's log.
https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from director.plumbing import GUEST_DEVICE

OWN_PROGRAM = Path("/usr/local/lib/kubeproof/kernel/linux")
"""Kubeproof's own kernel, if it was built: a directory of the node (`clusters.addons.uml`)."""

DEBIANS_PROGRAM = "/usr/bin/linux.uml"
INIT = "/usr/local/bin/guest-init"
PRELOAD = "/usr/local/lib/kubeproof/preload.so"
"""Repairs Debian's kernel, Linux 6.12. Later ones have no need of it."""

MEMORY_DIRECTORY = Path("/uml-mem")
"""A tmpfs. The guest's memory is a file in it."""

LAST_LINES = 40
"""How many lines of the console are kept: enough for a panic with its registers and stack."""

STOP_TIMEOUT_S = 5.0
"""kube-proxy exits within a second; a guest that hangs is killed."""

CHUNK_BYTES = 65536

OnLine = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """A kernel's program, with what it needs on its command line and in its environment."""

    path: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


def choose_program(own: Path = OWN_PROGRAM) -> Program:
    """Return Kubeproof's own kernel if the node has it, otherwise Debian's.

    In seccomp mode the guest's processes make system calls without being stopped by ptrace(2), which takes half the CPU
    time. It came with Linux 6.16: https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html
    """
    if own.exists():
        return Program(str(own), arguments=("seccomp=auto",))
    return Program(DEBIANS_PROGRAM, environment=(("LD_PRELOAD", PRELOAD),))


def kernel_argv(program: Program, memory: str, serial: int, log: int) -> tuple[str, ...]:
    """Return the kernel's command line; `serial` and `log` are file descriptors that it inherits."""
    return (
        program.path,
        f"mem={memory}",
        f"uml_dir={MEMORY_DIRECTORY}/",
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
        f"init={INIT}",
        *("con=null", "con0=null,fd:1"),
        *(f"ssl0=fd:{serial}", f"ssl1=null,fd:{log}"),
        # depth=128: up to 128 packets per system call. gro=1: the node's checksum and segmentation offloads stay on.
        f"vec0:transport=raw,ifname={GUEST_DEVICE},depth=128,gro=1",
        # A panic ends the process, so that the kubelet restarts the container.
        *("panic=-1", "noreboot"),
        *program.arguments,
    )


@dataclass(frozen=True, slots=True)
class Stream:
    """The director's end of a serial line to the guest."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass(frozen=True, slots=True)
class Kernel:
    """A running guest. `last_lines` are the last lines of its console."""

    process: asyncio.subprocess.Process
    console: asyncio.StreamReader
    serial: Stream
    log: Stream
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    async def read_console(self, on_line: OnLine) -> int:
        """Pass every line of the console to `on_line`, and return the kernel's exit code when it has ended."""
        async for line in lines(self.console):
            self.last_lines.append(line)
            on_line("guest", line)
        return await self.process.wait()

    async def read_log(self, on_line: OnLine) -> None:
        """Pass every line of kube-proxy's log to `on_line`."""
        async for line in lines(self.log.reader):
            on_line("kube-proxy", line)

    async def wait_ended(self) -> None:
        """Wait until the kernel has ended. Raises `TimeoutError` after `STOP_TIMEOUT_S`."""
        await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT_S)

    def close(self) -> None:
        """Close the serial lines, and kill the kernel and the guest's processes.

        The guest's processes are processes of this machine, in the kernel's process group.
        """
        self.serial.writer.close()
        self.log.writer.close()
        with contextlib.suppress(ProcessLookupError):  # The kernel has already ended.
            os.killpg(self.process.pid, signal.SIGKILL)


async def boot(memory: str) -> Kernel:
    """Start the kernel. Raises `OSError`.

    The guest is not pinned to a CPU. Its kernel and its user process wake each other for every system call, and only
    one of them runs at a time. On an idle host a call takes 45 us, because each is woken on the other CPU, and 9 us
    in a pinned guest; on a busy host it takes 9 us in both (seccomp mode, 2 vCPUs, Linux 6.18). But a pinned guest has
    to wait while its CPU is busy, even if another is idle. In a whole run in which guests were pinned, beside other
    load, one connection to a Service was lost for 2 s, and the case with most Services took as long as without.
    """
    program = choose_program()
    serial, guest_serial = socket.socketpair()
    log, guest_log = socket.socketpair()
    with guest_serial, guest_log:
        process = await asyncio.create_subprocess_exec(
            *kernel_argv(program, memory, guest_serial.fileno(), guest_log.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(guest_serial.fileno(), guest_log.fileno()),
            env={"TMPDIR": str(MEMORY_DIRECTORY), **dict(program.environment)},
            start_new_session=True,
        )
    assert process.stdout is not None  # It is a PIPE.
    return Kernel(
        process,
        process.stdout,
        Stream(*await asyncio.open_connection(sock=serial)),
        Stream(*await asyncio.open_connection(sock=log)),
    )


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield the stream's lines, of any length, until the stream ends."""
    rest = b""
    while data := await stream.read(CHUNK_BYTES):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")
