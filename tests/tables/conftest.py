"""A network namespace that is used by a newer and an older version of nft, each in its own container."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from clusters.addons.guard import UPLINK
from clusters.engine import Engine
from clusters.host.command import HostCommands
from clusters.host.ownership import build_labels
from clusters.images.build.rootfs import bootstrap
from clusters.images.lock import read_lock
from clusters.images.recipes import DEBIAN

OLDER, NEWER = "bookworm", "trixie"
"""Debian suites: nft 1.0.6, as in kube-proxy images up to Kubernetes 1.35, and 1.1.3, as in kindest/node."""
PACKAGES = ("iproute2", "nftables")


@dataclass(frozen=True, slots=True)
class Kernel:
    """One network namespace and the two containers that use it, with the older and the newer nft."""

    engine: Engine
    older: str
    newer: str

    def load(self, table: str) -> None:
        """Load a table with the newer nft, as a node does."""
        self.engine.exec(self.newer, "nft", "--file", "-", stdin=table)

    def run_older(self, *argv: str) -> str:
        """Run the older nft, as kube-proxy does, and return what it prints. Raises `CommandFailed`."""
        return self.engine.exec(self.older, "nft", *argv).stdout

    def version(self, container: str) -> str:
        """Return what `nft --version` prints in a container."""
        return self.engine.exec(container, "nft", "--version").stdout


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """A new network namespace with an uplink; removed after the test."""
    engine = Engine.find(HostCommands())
    with ExitStack() as undo:
        older = _start(engine, undo, _image(engine, OLDER), "--network=none")
        newer = _start(engine, undo, _image(engine, NEWER), f"--network=container:{older}")
        engine.exec(newer, "ip", "link", "add", UPLINK, "type", "veth", "peer", "name", "peer0")
        yield Kernel(engine, older, newer)


def _start(engine: Engine, undo: ExitStack, image: str, network: str) -> str:
    argv = ("--cap-add=NET_ADMIN", network, "--entrypoint=sleep", image, "infinity")
    container = engine.start_container(*argv, labels=build_labels())
    undo.callback(engine.remove_container, container)
    return container


def _image(engine: Engine, suite: str) -> str:
    """Return the tag of an image with the nft of a Debian suite. Build it if it does not exist.

    It is built with mmdebstrap, as source `built` does, or from Debian's image if the host has no mmdebstrap.
    """
    tag = f"kubeproof/nft:{suite}"
    if engine.has_image(tag):
        return tag
    if shutil.which("mmdebstrap"):
        with tempfile.TemporaryDirectory(prefix="kubeproof-nft-") as scratch:
            archive = Path(scratch) / "rootfs.tar"
            bootstrap(HostCommands(), suite, PACKAGES, archive)
            engine.import_image(archive, tag)
    else:
        lock = read_lock()
        base = {OLDER: lock.debian_image, NEWER: lock.director_debian_image}[suite]
        engine.build_image(DEBIAN, tag, {"BASE": base, "PACKAGES": " ".join(PACKAGES)}, {})
    return tag
