"""Build and push of the images that cases need on an existing cluster, for later runs of this user."""

from __future__ import annotations

from clusters.choose import pushed_images
from clusters.doctor import choose_source
from clusters.doctor.machine import Machine
from clusters.engine import Engine
from clusters.host.command import HostCommands
from clusters.host.progress import Progress
from clusters.images.build import Builder
from clusters.images.lock import read_lock
from clusters.images.named import require_prefix
from clusters.images.programs import Programs, cache_directory
from clusters.images.push import push_images
from clusters.images.recipes import Recipe, recipe_book, stock_book
from clusters.spec import Source


def push_case_images(prefix: str, source: Source | None, progress: Progress) -> dict[str, str]:
    """Build the images that cases need, push them below `prefix` and record them for later runs.

    Return the references by purpose. Raises `UsageError` before any build, `EngineUnavailable`, `BuildFailed`,
    `WorldError`.
    """
    prefix = require_prefix(prefix)
    commands = HostCommands()
    engine = Engine.find(commands)
    if source is None:
        source, why = choose_source(Machine())
        progress.note(f"source {source}: {why}")
    builder = Builder(engine, commands, Programs(commands, cache_directory()))
    references = push_images(engine, builder, for_existing(source), prefix, progress)
    pushed_images().write(references)
    return references


def for_existing(source: Source) -> tuple[Recipe, ...]:
    """Return the recipes of the images that cases need on an existing cluster and that no public registry has."""
    lock = read_lock()
    release = lock.release(None)
    book = recipe_book(lock, release) if source is Source.BUILT else stock_book(lock, release)
    return book.for_existing
