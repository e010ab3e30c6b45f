"""Boots the machine with QEMU: by KVM where it works, otherwise by emulation."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.errors import ClusterNotReady, CommandFailed
from clusters.host.command import Commands
from clusters.host.progress import Progress
from tests.normal_host.acceleration import EMULATION, KVM, Acceleration
from tests.normal_host.machine import Machine

MEMORY = "8G"
KERNEL_LINE = "console=ttyS0 panic=-1 net.ifnames=0 mitigations=off quiet"
NOT_FOUND = 127
"""Exit code of a shell, and of `Commands`, for a program that is not installed."""

KERNEL_BANNER = "Linux version"
KVM_TRIAL_S = 30.0
"""A kernel that runs by KVM prints its banner within a second."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk image. Writes are discarded when the machine ends, unless the disk is `kept`."""

    file: Path
    kept: bool = False

    @property
    def arguments(self) -> tuple[str, str]:
        """QEMU's arguments for this disk."""
        snapshot = "off" if self.kept else "on"
        return ("-drive", f"file={self.file},format=raw,if=virtio,cache=unsafe,snapshot={snapshot}")


def choose_acceleration(commands: Commands, machine: Machine, progress: Progress) -> Acceleration:
    """Return KVM if a kernel boots by it here, otherwise emulation. Raises `CommandFailed` if QEMU is not installed.

    It is not enough that /dev/kvm can be opened: under some nested virtualization no machine gets past its boot loader.
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
            reason = "the kernel printed nothing"
        if console.exists() and KERNEL_BANNER in console.read_text(errors="replace"):
            progress.note("the machine runs with KVM")
            return KVM
    progress.note(f"KVM does not work here ({reason}); the machine is emulated, which is several times slower")
    return EMULATION


def boot(
    commands: Commands,
    machine: Machine,
    acceleration: Acceleration,
    disks: tuple[Disk, Disk],
    console: Path,
    timeout_s: float,
) -> None:
    """Boot the machine, and wait until its job has ended and the machine has powered off.

    `disks` are the disk with Docker's data and the disk with the job. QEMU writes the machine's console to the file
    `console`. Raises `ClusterNotReady` if the machine does not power off in time, `CommandFailed` if QEMU fails.
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
            f"the machine did not end its job within {timeout_s:.0f} s; its last lines: {' / '.join(last)}",
            remedy=f"read the machine's console output in {console}",
            detail=failure.detail,
        ) from failure


def _qemu(
    acceleration: Acceleration, machine: Machine, console: Path, kernel_line: str, memory: str
) -> tuple[str, ...]:
    """Return QEMU's command line for a machine without display and network, which ends instead of rebooting."""
    return (
        *("qemu-system-x86_64", "-machine", "q35", *acceleration.arguments, "-m", memory),
        *("-display", "none", "-monitor", "none", "-serial", f"file:{console}", "-nic", "none", "-no-reboot"),
        *("-kernel", str(machine.kernel), "-append", kernel_line),
    )
