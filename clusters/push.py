"""Building and pushing what cases need on an existing cluster, by the host's engine, for this user's later runs."""

from __future__ import annotations

from clusters.choose import pushed_images
from clusters.command import HostCommands
from clusters.doctor import choose_source
from clusters.doctor.machine import Machine
from clusters.engine import Engine
from clusters.images.build import Builder
from clusters.images.lock import read_lock
from clusters.images.named import require_prefix
from clusters.images.programs import Programs, cache_directory
from clusters.images.push import push_images
from clusters.images.recipes import Recipe, recipe_book, stock_book
from clusters.progress import Progress
from clusters.spec import Source


def push_case_images(prefix: str, source: Source | None, progress: Progress) -> dict[str, str]:
    """Build what cases need, push it below `prefix`, remember it for later runs, and return the references by what they
    are for.

    Raises `UsageError` before anything is built, `EngineUnavailable`, `BuildFailed`, `WorldError`.
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
    """Return the recipes of what cases need on an existing cluster and no public registry has as it is made here."""
    lock = read_lock()
    release = lock.release(None)
    book = recipe_book(lock, release) if source is Source.BUILT else stock_book(lock, release)
    return book.for_existing
