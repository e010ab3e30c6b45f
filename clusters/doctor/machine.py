"""The machine on which Kubeproof runs, as an implementation of `Host`."""

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

from clusters.doctor.host import InotifyTaken, Room
from clusters.host.command import HostCommands


class Machine(HostCommands):
    """A `Host` that reads the operating system."""

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
        files = [file for process in Path("/proc").glob("[0-9]*") for file in _inotify_files(process)]
        return InotifyTaken(len(files), sum(map(_watches, files)))

    def unanswered(self, urls: Iterable[str], timeout_s: float) -> dict[str, str]:
        # If a name server does not respond, a request lasts much longer than its socket's time-out. So each request
        # runs in a daemon thread, which is abandoned at the time limit.
        results: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        pending = dict.fromkeys(urls, f"no response within {timeout_s:.0f} s")
        for url in pending:
            threading.Thread(target=lambda url=url: results.put((url, _head(url, timeout_s))), daemon=True).start()
        deadline_s = time.monotonic() + timeout_s
        failed: dict[str, str] = {}
        while pending:
            try:
                url, failure = results.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                break
            del pending[url]
            if failure is not None:
                failed[url] = failure
        return failed | pending


def _head(url: str, timeout_s: float) -> str | None:
    """Return the reason why `url` gives no HTTP response, or None if it gives one."""
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s):
            return None
    except urllib.error.HTTPError as response:
        response.close()
        return None
    except urllib.error.URLError as failure:
        return str(failure.reason)
    except (OSError, ValueError, http.client.HTTPException) as failure:
        return str(failure)


def _inotify_files(process: Path) -> list[Path]:
    """Return the files in /proc/PID/fdinfo (proc(5)) of a process's inotify instances; none if it is not root's."""
    try:
        files = list((process / "fd").iterdir()) if process.stat().st_uid == 0 else []
    except OSError:
        return []  # the process has ended
    return [process / "fdinfo" / file.name for file in files if _is_inotify(file)]


def _is_inotify(file: Path) -> bool:
    try:
        return str(file.readlink()) == "anon_inode:inotify"
    except OSError:
        return False  # it has been closed, like the descriptor with which this process lists its own files


def _watches(file: Path) -> int:
    try:
        return sum(line.startswith("inotify ") for line in file.read_text().splitlines())
    except OSError:
        return 0  # it has been closed
