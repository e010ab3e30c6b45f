"""Build of images from recipes. Each image is built once and tagged with the digest of its recipe."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clusters.engine import Engine
from clusters.host.command import Commands, HostCommands
from clusters.host.progress import Progress
from clusters.images.build.bases import Bases
from clusters.images.build.image import ImageBuild
from clusters.images.build.plan import Planner
from clusters.images.build.programs import Programs
from clusters.images.build.python import PythonPackages
from clusters.images.build.tasks import TaskRun
from clusters.images.recipes import Recipe


def _end_nothing() -> None:
    """End no program."""


@dataclass(frozen=True, slots=True)
class Builder:
    """A builder of images in the engine.

    What images are made of is kept in `cache`, so an interrupted build continues where it stopped. `cancel` ends the
    programs that `commands` has started, if that is possible.
    """

    engine: Engine
    commands: Commands
    cache: Path
    cancel: Callable[[], None] = _end_nothing

    @classmethod
    def on_host(cls, engine: Engine, commands: HostCommands, cache: Path) -> Builder:
        """Return a builder whose tasks end if the build is interrupted."""
        return cls(engine, commands, cache, commands.end_running)

    def ensure(self, recipes: tuple[Recipe, ...], progress: Progress, *, keep_going: bool = False) -> None:
        """Build the images that the engine lacks. Raises `BuildFailed`.

        With `keep_going`, build also after a failure everything that does not depend on what failed.
        """
        planner = self._planner()
        if not planner.tasks(recipes):
            return
        with self._only_build(progress):
            tasks = planner.tasks(recipes)  # while this one waited, another may have built some
            TaskRun(tasks, progress, self.cancel, keep_going=keep_going).run()

    def _planner(self) -> Planner:
        programs, python = Programs(self.commands, self.cache), PythonPackages(self.commands, self.cache)
        return Planner(programs, Bases(self.engine, self.commands), python, ImageBuild(self.engine, programs, python))

    @contextmanager
    def _only_build(self, progress: Progress) -> Iterator[None]:
        """Wait until no other process builds into the cache, and keep others out (flock(2)) while the block lasts."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with (self.cache / "build.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress.step(f"waiting for another process that builds images ({lock.name})")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
