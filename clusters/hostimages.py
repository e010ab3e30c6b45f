"""The images of this host: built without a run, carried to another host, or pushed for existing clusters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clusters.choose import pushed_images
from clusters.doctor import choose_source
from clusters.doctor.machine import Machine
from clusters.engine import Engine
from clusters.host.command import HostCommands
from clusters.host.patience import host_patience
from clusters.host.progress import Progress
from clusters.images.archive import export_images, import_images
from clusters.images.build.builder import Builder
from clusters.images.build.programs import Programs, cache_directory
from clusters.images.lock import read_lock
from clusters.images.named import require_prefix
from clusters.images.push import push_images
from clusters.images.recipes import Recipe, kernel_recipe, kind_recipe, recipe_book, stock_book
from clusters.spec import Source


def build_host_images(source: Source | None, kubernetes: str | None, progress: Progress) -> None:
    """Build all images that clusters of a source and Kubernetes version need, and that the engine lacks.

    None means the source that a run would choose, and the default version. Raises `UsageError`, `EngineUnavailable`,
    `BuildFailed`.
    """
    host = _Host.find()
    host.builder.ensure(host.recipes(source, kubernetes, progress), progress)


def export_host_images(file: Path, kubernetes: str | None, progress: Progress) -> None:
    """Write all images of source `built`, and kind, to `file`, after building those that the engine lacks.

    Raises as `build_host_images`, and `WorldError` if the file cannot be written.
    """
    host = _Host.find()
    recipes = (*host.recipes(Source.BUILT, kubernetes, progress), kind_recipe())
    host.builder.ensure(recipes, progress)
    export_images(host.engine, recipes, file, progress)


def import_host_images(file: Path, kubernetes: str | None, progress: Progress) -> None:
    """Load the images of a file that `export_host_images` has written on another host.

    Raises `UsageError`, `EngineUnavailable`, `WorldError`.
    """
    host = _Host.find()
    recipes = (*host.recipes(Source.BUILT, kubernetes, progress), kind_recipe())
    import_images(host.engine, Programs(host.commands, cache_directory()), recipes, file, progress)


def push_case_images(prefix: str, source: Source | None, progress: Progress) -> dict[str, str]:
    """Build the images that cases need, push them below `prefix` and record them for later runs.

    Return the references by purpose. Raises `UsageError` before any build, `EngineUnavailable`, `BuildFailed`,
    `WorldError`.
    """
    prefix = require_prefix(prefix)
    host = _Host.find()
    recipes = for_existing(_chosen(source, progress))
    references = push_images(host.engine, host.builder, recipes, prefix, progress)
    pushed_images().write(references)
    return references


def for_existing(source: Source) -> tuple[Recipe, ...]:
    """Return the recipes of the images that cases need on an existing cluster and that no public registry has."""
    lock = read_lock()
    release = lock.release(None)
    book = recipe_book(lock, release) if source is Source.BUILT else stock_book(lock, release)
    return book.for_existing


@dataclass(frozen=True, slots=True)
class _Host:
    """This host's engine, and a builder of images in it."""

    commands: HostCommands
    engine: Engine

    @classmethod
    def find(cls) -> _Host:
        commands = HostCommands()
        return cls(commands, Engine.find(commands, host_patience()))

    @property
    def builder(self) -> Builder:
        return Builder.on_host(self.engine, self.commands, cache_directory())

    def recipes(self, source: Source | None, kubernetes: str | None, progress: Progress) -> tuple[Recipe, ...]:
        """Return the recipes of all images that clusters need."""
        lock = read_lock()
        release = lock.release(kubernetes)
        if _chosen(source, progress) is Source.BUILT:
            book = recipe_book(lock, release)
            return (*book.before_cluster, *book.in_background.values(), kernel_recipe(lock))
        stock = stock_book(lock, release)
        return (stock.load, stock.ipvs_node, stock.director, *stock.in_background.values())


def _chosen(source: Source | None, progress: Progress) -> Source:
    """Return the source, or the one that a run would choose, whose reason is reported."""
    if source is not None:
        return source
    chosen, why = choose_source(Machine())
    progress.note(f"source {chosen}: {why}")
    return chosen
