"""Makes a disk with Docker's data: the images that a run needs, built outside the machine and loaded in it once."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from clusters.engine import Engine
from clusters.host.command import HostCommands
from clusters.host.progress import Progress, timed
from clusters.images.build.builder import Builder
from clusters.images.build.programs import cache_directory
from clusters.images.lock import Lock
from clusters.images.recipes import recipe_book
from tests.normal_host.acceleration import Acceleration
from tests.normal_host.boot import Disk, boot
from tests.normal_host.machine import Machine, make_disk

DATA_MIB = 40_960
LOAD_TIMEOUT_S = 3600.0
LOADED = "images loaded"
LOAD = f"""\
set -eu
docker load --input /job/images.tar
systemctl stop docker.socket docker.service
echo "{LOADED}"
"""


def ensure_image_disk(
    commands: HostCommands,
    machine: Machine,
    acceleration: Acceleration,
    cache: Path,
    lock: Lock,
    progress: Progress,
) -> Disk:
    """Return the disk with the current images. Make it if the cache lacks it, and then delete earlier ones.

    Raises `WorldError`.
    """
    engine = Engine.find(commands)
    book = recipe_book(lock, lock.release(None))
    recipes = (*book.before_cluster, *book.in_background.values())
    Builder.on_host(engine, commands, cache_directory()).ensure(recipes, progress)
    tags = tuple(recipe.tag for recipe in recipes)
    disk = cache / f"docker-{hashlib.sha256(' '.join((machine.directory.name, *tags)).encode()).hexdigest()[:12]}.img"
    if disk.exists():
        return Disk(disk)
    with (
        timed(progress, f"loading {len(tags)} images into the machine's Docker"),
        tempfile.TemporaryDirectory(dir=cache, prefix=".loading-") as scratch,
    ):
        folder = Path(scratch)
        (folder / "job").mkdir()
        (folder / "job/run.sh").write_text(LOAD)
        engine.save_images(tags, folder / "job/images.tar")
        size_mib = (folder / "job/images.tar").stat().st_size // 2**20 + 512
        make_disk(commands, folder / "job.img", size_mib, folder / "job")
        make_disk(commands, folder / "docker.img", DATA_MIB)
        console = cache / "loading.log"
        disks = (Disk(folder / "docker.img", kept=True), Disk(folder / "job.img"))
        boot(commands, machine, acceleration, disks, console, LOAD_TIMEOUT_S)
        assert LOADED in console.read_text(errors="replace"), (
            f"the machine did not load the images; its console output is in {console}"
        )
        for earlier in cache.glob("docker-*.img"):
            earlier.unlink()
        (folder / "docker.img").rename(disk)
    return Disk(disk)
