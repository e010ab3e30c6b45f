"""The machine we run on, for real."""

from __future__ import annotations

import gzip
import http.client
import os
import platform
import queue
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from clusters.command import HostCommands
from clusters.doctor.host import InotifyTaken, Room


class Machine(HostCommands):
    """A `Host` that asks the operating system."""

    def read_text(self, path: str) -> str | None:
        try:
            content = Path(path).read_bytes()
        except OSError:
            return None
        return (gzip.decompress(content) if path.endswith(".gz") else content).decode(errors="replace")

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def which(self, program: str) -> str | None:
        return shutil.which(program)

    def env(self, name: str) -> str | None:
        return os.environ.get(name)

    def home(self) -> str:
        return str(Path.home())

    def is_root(self) -> bool:
        return os.geteuid() == 0

    def kernel_release(self) -> str:
        return platform.release()

    def room(self, path: str) -> Room | None:
        wanted = Path(path)
        for place in (wanted, *wanted.parents):
            try:
                return Room(shutil.disk_usage(place).free, place.stat().st_dev)
            except FileNotFoundError:
                continue
            except OSError:
                return None
        return None

    def inotify_taken(self) -> InotifyTaken | None:
        if not self.is_root():
            return None
        held = [file for process in Path("/proc").glob("[0-9]*") for file in _inotify_files(process)]
        return InotifyTaken(len(held), sum(map(_watches, held)))

    def unanswered(self, urls: Iterable[str], timeout_s: float) -> dict[str, str]:
        # A name server that keeps silent holds a thread far beyond any socket's time-out, so each question
        # has a thread that nobody waits for.
        answers: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        pending = dict.fromkeys(urls, f"no answer within {timeout_s:.0f} s")
        for url in pending:
            threading.Thread(target=lambda url=url: answers.put((url, _head(url, timeout_s))), daemon=True).start()
        deadline_s = time.monotonic() + timeout_s
        refused: dict[str, str] = {}
        while pending:
            try:
                url, failure = answers.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                break
            del pending[url]
            if failure is not None:
                refused[url] = failure
        return refused | pending


def _head(url: str, timeout_s: float) -> str | None:
    """Why `url` gives no HTTP answer, or None if it does."""
    question = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(question, timeout=timeout_s):
            return None
    except urllib.error.HTTPError as answer:
        answer.close()
        return None
    except urllib.error.URLError as failure:
        return str(failure.reason)
    except (OSError, ValueError, http.client.HTTPException) as failure:
        return str(failure)


def _inotify_files(process: Path) -> list[Path]:
    """The inotify instances of one of root's processes, by their files in /proc/PID/fdinfo (proc(5))."""
    try:
        files = list((process / "fd").iterdir()) if process.stat().st_uid == 0 else []
    except OSError:
        return []  # it has ended
    return [process / "fdinfo" / file.name for file in files if _is_inotify(file)]


def _is_inotify(file: Path) -> bool:
    try:
        return str(file.readlink()) == "anon_inode:inotify"
    except OSError:
        return False  # it was closed meanwhile, as the one by which we listed our own files


def _watches(file: Path) -> int:
    try:
        return sum(line.startswith("inotify ") for line in file.read_text().splitlines())
    except OSError:
        return 0  # it was closed meanwhile
