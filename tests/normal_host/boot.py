"""Booting the machine with QEMU: by KVM where it works, otherwise by emulation."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.command import Commands
from clusters.errors import ClusterNotReady, CommandFailed
from clusters.progress import Progress
from tests.normal_host.acceleration import EMULATION, KVM, Acceleration
from tests.normal_host.machine import Machine

MEMORY = "8G"
KERNEL_LINE = "console=ttyS0 panic=-1 net.ifnames=0 mitigations=off quiet"
NOT_FOUND = 127
"""Exit code of a shell, and of `Commands`, for a program that is not installed."""

FIRST_WORDS = "Linux version"
KVM_TRIAL_S = 30.0
"""A kernel that runs by KVM says its first words within a second."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk image; what is written to one that is not `kept` is thrown away with the machine."""

    file: Path
    kept: bool = False

    @property
    def arguments(self) -> tuple[str, str]:
        """QEMU's arguments for it."""
        snapshot = "off" if self.kept else "on"
        return ("-drive", f"file={self.file},format=raw,if=virtio,cache=unsafe,snapshot={snapshot}")


def choose_acceleration(commands: Commands, machine: Machine, progress: Progress) -> Acceleration:
    """Return KVM if a kernel boots by it here, otherwise emulation.

    A /dev/kvm that can be opened proves nothing: nested ones exist that never leave the boot loader. Raises
    `CommandFailed` if there is no QEMU.
    """
    with tempfile.TemporaryDirectory(prefix="kubeproof-kvm-") as scratch:
        console = Path(scratch) / "console.log"
        try:
            commands.run(
                *_qemu(KVM, machine, console, "console=ttyS0 panic=-1", "256M"),
                timeout_s=KVM_TRIAL_S,
            )
        except CommandFailed as failure:
            if failure.exit_code_seen == NOT_FOUND:
                raise
            reason = failure.message
        else:
            reason = "the kernel said nothing"
        if console.exists() and FIRST_WORDS in console.read_text(errors="replace"):
            progress.note("the machine runs by KVM")
            return KVM
    progress.note(f"the machine is emulated, several times slower than by KVM, which does not work here: {reason}")
    return EMULATION


def boot(
    commands: Commands,
    machine: Machine,
    acceleration: Acceleration,
    disks: tuple[Disk, Disk],
    console: Path,
    timeout_s: float,
) -> None:
    """Run the machine's job until it switches itself off.

    Raises `ClusterNotReady` if it does not in time, `CommandFailed` if QEMU itself fails.

    `disks` are that of Docker's data and that of the job; the console's output goes to `console` as it comes.
    """
    drives = [argument for disk in (Disk(machine.root), *disks) for argument in disk.arguments]
    try:
        commands.run(
            *_qemu(
                acceleration, machine, console, f"root=/dev/vda rw {KERNEL_LINE} {acceleration.kernel_line}", MEMORY
            ),
            *("-initrd", str(machine.initrd), "-smp", "2", *drives),
            timeout_s=timeout_s,
        )
    except CommandFailed as failure:
        if failure.exit_code_seen is not None:
            raise
        last = console.read_text(errors="replace").splitlines()[-5:] if console.exists() else []
        raise ClusterNotReady(
            f"the machine did not end its job within {timeout_s:.0f} s; its last words: {' / '.join(last)}",
            remedy=f"its console's output is in {console}",
            detail=failure.detail,
        ) from failure


def _qemu(
    acceleration: Acceleration, machine: Machine, console: Path, kernel_line: str, memory: str
) -> tuple[str, ...]:
    """A machine without display and network, that ends instead of booting again."""
    return (
        *("qemu-system-x86_64", "-machine", "q35", *acceleration.arguments, "-m", memory),
        *("-display", "none", "-monitor", "none", "-serial", f"file:{console}", "-nic", "none", "-no-reboot"),
        *("-kernel", str(machine.kernel), "-append", kernel_line),
    )
