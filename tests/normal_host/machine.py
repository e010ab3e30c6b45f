"""Makes the machine's root disk, kernel and initrd from Debian packages, and keeps them in the user's cache."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.host.command import Commands
from clusters.host.progress import Progress, timed
from clusters.images.build.rootfs import bootstrap

SUITE = "bookworm"
PACKAGES = (
    *("linux-image-cloud-amd64", "systemd-sysv", "udev", "dbus", "kmod", "procps", "iproute2"),
    *("docker.io", "apparmor", "iptables", "ca-certificates", "python3"),
)
"""What the README requires of a host, without tools for kube-proxy's rules: those are on the nodes."""

FSTAB = """\
/dev/vda / ext4 defaults 0 1
/dev/vdb /var/lib/docker ext4 defaults 0 2
/dev/vdc /job ext4 defaults 0 2
"""

JOB = """\
[Unit]
Description=the job of this boot, /job/run.sh; the machine is switched off after it
After=multi-user.target docker.service
Wants=docker.service

[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/bin/bash /job/run.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TimeoutStartSec=infinity
ExecStopPost=/bin/sh -c 'sync; poweroff -f'

[Install]
WantedBy=multi-user.target
"""

ROOT_MIB = 4096
BUILD_TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True)
class Machine:
    """The files of one machine. A boot does not change the root disk: its writes are discarded (see `Disk`)."""

    directory: Path

    @property
    def root(self) -> Path:
        return self.directory / "root.img"

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.directory / "initrd"


def ensure_machine(commands: Commands, cache: Path, progress: Progress) -> Machine:
    """Return the machine of the current recipe. Make it if the cache lacks it, and then delete earlier ones.

    Raises `WorldError`.
    """
    recipe = f"{SUITE}{PACKAGES}{FSTAB}{JOB}{ROOT_MIB}"
    directory = cache / f"machine-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if directory.is_dir():
        return Machine(directory)
    cache.mkdir(parents=True, exist_ok=True)
    with (
        timed(progress, f"making the machine from {len(PACKAGES)} Debian packages and their dependencies"),
        tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as scratch,
    ):
        made = Path(scratch) / "machine"
        made.mkdir()
        _make(commands, Path(scratch), made)
        for earlier in cache.glob("machine-*"):
            shutil.rmtree(earlier)
        made.rename(directory)
    return Machine(directory)


def _make(commands: Commands, scratch: Path, made: Path) -> None:
    archive, root = scratch / "root.tar", scratch / "root"
    bootstrap(commands, SUITE, PACKAGES, archive)
    root.mkdir()
    commands.run("tar", "--extract", f"--file={archive}", f"--directory={root}", timeout_s=BUILD_TIMEOUT_S)
    _configure(root)
    shutil.copy(next((root / "boot").glob("vmlinuz-*")), made / "vmlinuz")
    shutil.copy(next((root / "boot").glob("initrd.img-*")), made / "initrd")
    make_disk(commands, made / "root.img", ROOT_MIB, root)


def _configure(root: Path) -> None:
    """Configure the root disk: mounts, the job's unit, and no login prompt on the console, which the job uses."""
    units = root / "etc/systemd/system"
    (root / "job").mkdir()
    (root / "etc/fstab").write_text(FSTAB)
    (root / "etc/hostname").write_text("normal-host\n")
    (units / "job.service").write_text(JOB)
    (units / "multi-user.target.wants").mkdir(exist_ok=True)
    (units / "multi-user.target.wants/job.service").symlink_to("../job.service")
    (units / "serial-getty@ttyS0.service").symlink_to("/dev/null")


def make_disk(commands: Commands, disk: Path, size_mib: int, content: Path | None = None) -> None:
    """Make a sparse ext4 disk with the files of the folder `content`. Raises `CommandFailed`."""
    with disk.open("wb") as file:
        file.truncate(size_mib * 1024 * 1024)
    filled = () if content is None else ("-d", str(content))
    commands.run("mke2fs", "-q", "-t", "ext4", *filled, str(disk), timeout_s=BUILD_TIMEOUT_S)
