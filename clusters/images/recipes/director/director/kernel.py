"""The guest as a process: user-mode Linux on this container's own file system, read-only.

Its lines to us are file descriptors: the console (kernel and agent), the serial line ttyS0 (requests and
events) and the serial line ttyS1 (kube-proxy's log).
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

PROGRAM = "/usr/bin/linux.uml"
INIT = "/usr/local/bin/guest-init"
PRELOAD = "/usr/local/lib/kubeproof/preload.so"
MEMORY_DIRECTORY = Path("/uml-mem")
"""A tmpfs: the guest's memory is a file there."""

LAST_LINES = 40
"""Enough for a panic with its registers and stack."""

STOP_TIMEOUT_S = 5.0
"""kube-proxy ends within a second; a guest that is stuck is killed."""

CHUNK_BYTES = 65536

OnLine = Callable[[str, str], None]


def kernel_argv(memory: str, serial: int, log: int) -> tuple[str, ...]:
    """The kernel's command line; `serial` and `log` are file descriptors that it inherits."""
    return (
        PROGRAM,
        f"mem={memory}",
        f"uml_dir={MEMORY_DIRECTORY}/",
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
        f"init={INIT}",
        *("con=null", "con0=null,fd:1"),
        *(f"ssl0=fd:{serial}", f"ssl1=null,fd:{log}"),
        # Up to 128 packets a system call, and the node's offload of checksums and segments stays on.
        f"vec0:transport=raw,ifname={GUEST_DEVICE},depth=128,gro=1",
        # A panic shall end the process, so that the kubelet sees it.
        *("panic=-1", "noreboot"),
    )


@dataclass(frozen=True, slots=True)
class Stream:
    """Our end of a line to the guest."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass(frozen=True, slots=True)
class Kernel:
    """A running guest. `last_lines` is the end of its console."""

    process: asyncio.subprocess.Process
    console: asyncio.StreamReader
    serial: Stream
    log: Stream
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    async def read_console(self, on_line: OnLine) -> int:
        """Hand every line of the console on; return the exit code when the kernel has ended."""
        async for line in lines(self.console):
            self.last_lines.append(line)
            on_line("guest", line)
        return await self.process.wait()

    async def read_log(self, on_line: OnLine) -> None:
        """Hand every line that kube-proxy logs on."""
        async for line in lines(self.log.reader):
            on_line("kube-proxy", line)

    async def wait_ended(self) -> None:
        """Return when the kernel has ended. Raises `TimeoutError` after `STOP_TIMEOUT_S`."""
        await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT_S)

    def close(self) -> None:
        """Hang up, and end the kernel with the guest's processes, which are processes of its group here."""
        self.serial.writer.close()
        self.log.writer.close()
        with contextlib.suppress(ProcessLookupError):  # It has ended by itself.
            os.killpg(self.process.pid, signal.SIGKILL)


async def boot(memory: str) -> Kernel:
    """Start the kernel. Raises `OSError`.

    It is bound to no processor, though it and its processes, of which one runs at a time, would do a quarter more
    on one. Two guests that share one change between their processes so often that the scheduler (EEVDF, Linux 6.18)
    lets one of them wait for up to 2 s, with every packet to a Service; free to go elsewhere they wait 0.5 s at most.
    """
    serial, its_serial = socket.socketpair()
    log, its_log = socket.socketpair()
    with its_serial, its_log:
        process = await asyncio.create_subprocess_exec(
            *kernel_argv(memory, its_serial.fileno(), its_log.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(its_serial.fileno(), its_log.fileno()),
            env={"TMPDIR": str(MEMORY_DIRECTORY), "LD_PRELOAD": PRELOAD},
            start_new_session=True,
        )
    assert process.stdout is not None  # It was asked for.
    return Kernel(
        process,
        process.stdout,
        Stream(*await asyncio.open_connection(sock=serial)),
        Stream(*await asyncio.open_connection(sock=log)),
    )


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """The stream's lines, however long, until it ends."""
    rest = b""
    while data := await stream.read(CHUNK_BYTES):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")
