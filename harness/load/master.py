"""Locust's master: a local process that exchanges lines of JSON with the test run."""

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
from clusters.host.supervisor import supervise

PROCESSES = Path(__file__).parent / "processes"
MODULE = "kubeproof_load.master"
START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Master:
    """A running Locust master that listens on `port` for workers."""

    process: subprocess.Popen[str]
    log: IO[str]
    port: int

    def run_plan(
        self, plan: dict[str, Any], timeout_s: float, begun: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Run one plan and return the merged result; call `begun` when the load starts.

        `timeout_s` limits the wait for each message. Raises `WorldError` if the master reports a failure, ends, or
        sends nothing in time.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{json.dumps(plan)}\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failed("has ended") from error
        message = self.read_message(timeout_s)
        if "begun" in message:
            begun()
            message = self.read_message(timeout_s)
        if "complaint" in message:
            raise self._failed(f"failed: {message['complaint']}")
        return message

    def read_message(self, timeout_s: float) -> dict[str, Any]:
        """Return the master's next message. Raises `WorldError` if it ends or sends nothing within `timeout_s`."""
        assert self.process.stdout is not None
        with ThreadPoolExecutor(1) as reader:
            line = reader.submit(self.process.stdout.readline)
            try:
                text = line.result(timeout_s)
            except FutureTimeout as error:
                self.process.kill()  # this also ends the pending read
                raise self._failed(f"sent no message within {timeout_s:.0f} s") from error
            except BaseException:
                self.process.kill()  # do not wait for the rest of the plan after an interruption
                raise
        if not text:
            raise self._failed("has ended")
        message: dict[str, Any] = json.loads(text)
        return message

    def _failed(self, how: str) -> WorldError:
        self.log.seek(0)
        log = self.log.read()
        last = (log.strip() or "its log is empty").splitlines()[-1]
        return WorldError(f"Locust's master {how}: {last}", detail=log)


@contextmanager
def running_master(address: str, workers: int) -> Iterator[Master]:
    """Yield a master that listens on `address` and expects `workers` workers; stop it at the end of the block."""
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
            first = Master(process, log, 0).read_message(START_TIMEOUT_S)
            yield Master(process, log, int(first["port"]))
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
