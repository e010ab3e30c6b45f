"""Images that few cases need, built while the other cases run: by a process of its own, with the lowest priority.

The process belongs to the run that created the cluster and ends with it. It has the cluster's name and the directory of
its log among its arguments, by which the other processes of the run find it.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from clusters.engine import Engine
from clusters.errors import BuildFailed, KubeproofError
from clusters.host.command import HostCommands
from clusters.host.patience import host_patience
from clusters.host.processes import Process, Processes
from clusters.host.progress import PrintedProgress
from clusters.host.samples import samples_within
from clusters.images.build.builder import Builder
from clusters.images.build.programs import cache_directory
from clusters.images.lock import read_lock
from clusters.images.recipes import Recipe
from clusters.kind.images import built_meanwhile
from clusters.spec import Source, Substrate

MODULE = "clusters.kind.background"
ROOT = Path(__file__).parents[2]
VISIBLE_S = 5.0
BUILD_LIMIT_S = 3600.0
LOG_TAIL_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class BackgroundBuild:
    """The background build of one cluster; `state` is the directory of the file with its progress and errors."""

    cluster: str
    state: Path
    processes: Processes

    @property
    def log(self) -> Path:
        return self.state / f"{self.cluster}.images.log"

    def start(self, source: Source, substrate: Substrate, kubernetes: str) -> None:
        """Start to build the images that the engine lacks (`built_meanwhile`)."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        argv = [sys.executable, "-m", MODULE, self.cluster, str(self.state), source, substrate, kubernetes]
        # Not subprocess.Popen, which warns when it is dropped before the process has ended.
        os.posix_spawnp(
            argv[0],
            argv,
            {**os.environ, "PYTHONPATH": str(ROOT)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        # During execve(2) a process shows no arguments.
        for sample in samples_within(self.is_running, limit_s=VISIBLE_S, interval_s=0.01):
            if sample.seen:
                return

    def is_running(self) -> bool:
        return any(map(self._is_own, self.processes.read()))

    def stop(self) -> None:
        """End the build, if it still runs. The next one continues where it stopped."""
        self.processes.end(self._is_own)

    def wait_ended(self, limit_s: float = BUILD_LIMIT_S) -> None:
        """Wait until nothing is built any more. Raises `BuildFailed` after `limit_s`."""
        for sample in samples_within(self.is_running, limit_s=limit_s, interval_s=0.5):
            if not sample.seen:
                return
            if sample.last:
                raise BuildFailed(f"images were still being built after {limit_s:.0f} s", remedy=f"see {self.log}")

    def wait_image(self, engine: Engine, recipe: Recipe) -> None:
        """Wait until the engine has the recipe's image. Raises `BuildFailed`, also once nothing builds it any more."""
        limit_s = engine.patience.seconds(BUILD_LIMIT_S)

        def state() -> tuple[bool, bool]:
            running = self.is_running()  # first: a build that has just ended may have made the image
            return running, engine.has_image(recipe.tag)

        for sample in samples_within(state, limit_s=limit_s, interval_s=0.5):
            running, there = sample.seen
            if there:
                return
            if not running or sample.last:
                expected = f"within {limit_s:.0f} s" if running else "and nothing builds it any more"
                raise BuildFailed(
                    f"image {recipe.tag} was not built {expected}",
                    remedy="logs/images.log has the reason; `kubeproof images build` builds all images",
                    detail=self._log_tail(),
                )

    def _is_own(self, process: Process) -> bool:
        return {MODULE, self.cluster, str(self.state)} <= set(process.argv)

    def _log_tail(self) -> str:
        try:
            return self.log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]
        except FileNotFoundError:
            return ""


def main() -> None:
    """Build the images.

    The arguments: the cluster's name, the directory of the log, source, substrate, and a version of the lock file.
    """
    # With the lowest priority (sched(7)) the build gets what the cluster and the cases leave: they mostly wait.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that an ended build removes its temporary files
    source, substrate, kubernetes = Source(sys.argv[3]), Substrate(sys.argv[4]), sys.argv[5]
    lock, commands = read_lock(), HostCommands()
    builder = Builder.on_host(Engine.find(commands, host_patience()), commands, cache_directory())
    recipes = built_meanwhile(lock, lock.release(kubernetes), source, substrate)
    try:
        builder.ensure(recipes, PrintedProgress(), keep_going=True)
    except KubeproofError as error:
        sys.exit(f"{error}\n{error.detail}")
    except KeyboardInterrupt:
        sys.exit("ended before everything was built")


if __name__ == "__main__":
    main()
