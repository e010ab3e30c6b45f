"""Locust's master: a process beside the run, spoken to in lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clusters.errors import WorldError
from clusters.supervisor import supervise

PROCESSES = Path(__file__).parent / "processes"
MODULE = "kubeproof_load.master"
START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Master:
    """A master that listens on `port` for its workers."""

    process: subprocess.Popen[str]
    log: IO[str]
    port: int

    def tell(self, plan: dict[str, Any], timeout_s: float, begun: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """What came of one plan; `begun` is called when it has begun.

        Raises `WorldError` if the master complains, ends, or says nothing in time.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{json.dumps(plan)}\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failed("has ended") from error
        told = self.listen(timeout_s)
        if "begun" in told:
            begun()
            told = self.listen(timeout_s)
        if "complaint" in told:
            raise self._failed(f"complains: {told['complaint']}")
        return told

    def listen(self, timeout_s: float) -> dict[str, Any]:
        """The master's next line. Raises `WorldError` if it ends, or says nothing in time."""
        assert self.process.stdout is not None
        with ThreadPoolExecutor(1) as listening:
            line = listening.submit(self.process.stdout.readline)
            try:
                text = line.result(timeout_s)
            except FutureTimeout as error:
                self.process.kill()  # the line ends with it
                raise self._failed(f"said nothing within {timeout_s:.0f} s") from error
            except BaseException:
                self.process.kill()  # an interruption does not wait for a plan to be worked off
                raise
        if not text:
            raise self._failed("has ended")
        told: dict[str, Any] = json.loads(text)
        return told

    def _failed(self, how: str) -> WorldError:
        self.log.seek(0)
        log = self.log.read()
        last = (log.strip() or "it has logged nothing").splitlines()[-1]
        return WorldError(f"Locust's master {how}: {last}", detail=log)


@contextmanager
def running_master(address: str, workers: int) -> Iterator[Master]:
    """A master on `address`, for so many workers; it ends with the block."""
    supervise()
    argv = [sys.executable, "-m", MODULE, address, str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        ) as process,
    ):
        try:
            first = Master(process, log, 0).listen(START_TIMEOUT_S)
            yield Master(process, log, int(first["port"]))
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
