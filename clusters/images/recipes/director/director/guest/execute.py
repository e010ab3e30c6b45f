"""Execution of the commands that the guest accepts, and the check whether kube-proxy has synced."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from director.commands import (
    Background,
    EntryLimit,
    Files,
    NotPermitted,
    Page,
    Processes,
    Program,
    SignalProxy,
    permitted,
)
from director.frames import Message
from director.guest.background import BackgroundProgram

# The exit codes that a shell, `timeout`, curl, pgrep and pkill use for these errors.
NOT_PERMITTED, NOT_FOUND, TIMED_OUT, NO_FILE, NO_CONNECTION, PAGE_REFUSED = 126, 127, 124, 1, 7, 22
NO_PROCESS = 1
KUBE_PROXY = "kube-proxy"
ENTRY_LIMIT = Path("/proc/sys/net/netfilter/nf_conntrack_max")

_LAST_SYNC = re.compile(
    r"^kubeproxy_sync_proxy_rules_last_timestamp_seconds(?:\{ip_family=\"IPv4\"\})? (\S+)$", re.MULTILINE
)


def execute(argv: tuple[str, ...], timeout_s: float) -> Message | BackgroundProgram:
    """Run a command. Return its `exit_code`, `stdout` and `stderr`, or the program it has started in the background."""
    try:
        match permitted(argv):
            case Program(program):
                return _run(program, timeout_s)
            case Background(program):
                return BackgroundProgram(program, timeout_s)
            case Files(paths):
                return _read(paths)
            case Page() as page:
                return _page(page, timeout_s)
            case SignalProxy(number):
                return _signal(number)
            case Processes():
                return _processes()
            case EntryLimit(entries):
                return _limit_entries(entries)
    except NotPermitted as refusal:
        return _result(NOT_PERMITTED, stderr=f"{refusal}\n")


def _result(exit_code: int, stdout: str = "", stderr: str = "") -> Message:
    return {"exit_code": exit_code, "stdout": stdout, "stderr": stderr}


def _run(argv: tuple[str, ...], timeout_s: float) -> Message:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return _result(TIMED_OUT, stderr=f"{argv[0]} did not exit within {timeout_s:g} s\n")
    except OSError as error:
        return _result(NOT_FOUND, stderr=f"{argv[0]}: {error.strerror}\n")
    return _result(done.returncode, done.stdout, done.stderr)


def _read(paths: tuple[str, ...]) -> Message:
    stdout = stderr = ""
    for path in paths:
        try:
            stdout += Path(path).read_text(errors="replace")
        except OSError as error:
            stderr += f"cat: {path}: {error.strerror}\n"
    return _result(NO_FILE if stderr else 0, stdout, stderr)


def _signal(number: signal.Signals, processes: Path = Path("/proc")) -> Message:
    """Send kube-proxy a signal. As with pkill, the exit code is 1 if no process is called kube-proxy."""
    found = _kube_proxies(processes)
    for process in found:
        os.kill(process, number)
    return _result(0 if found else NO_PROCESS)


def _processes(processes: Path = Path("/proc")) -> Message:
    """List process ids, one per line. As with pgrep, the exit code is 1 if no process is called kube-proxy."""
    found = _kube_proxies(processes)
    return _result(0 if found else NO_PROCESS, "".join(f"{process}\n" for process in found))


def _limit_entries(entries: int, file: Path = ENTRY_LIMIT) -> Message:
    """Set the maximum number of conntrack entries."""
    file.write_text(f"{entries}\n")
    return _result(0)


def _kube_proxies(processes: Path) -> list[int]:
    return [int(file.parent.name) for file in processes.glob("[0-9]*/comm") if _contains(file, KUBE_PROXY)]


def _contains(file: Path, text: str) -> bool:
    try:
        return file.read_text().strip() == text
    except OSError:
        return False  # The process has ended since it was listed.


def _page(page: Page, timeout_s: float) -> Message:
    try:
        status, body = get(page.port, page.path, timeout_s)
    except OSError as error:
        return _result(NO_CONNECTION, stderr=f"curl: kube-proxy's port {page.port} did not respond: {error}\n")
    if page.fail and status >= 400:
        return _result(PAGE_REFUSED, stderr=f"curl: kube-proxy responded with status {status}: {body.strip()}\n")
    return _result(0, body)


def get(port: int, path: str, timeout_s: float) -> tuple[int, str]:
    """Send a GET request to a loopback port, and return status and body. Raises `OSError`.

    Does not use http.client, because its import takes long in the guest.
    """
    with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        received = bytearray()
        while data := connection.recv(65536):
            received += data
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status_line = head.split(maxsplit=2)
    if len(status_line) < 2 or not status_line[1].isdigit():
        raise OSError(f"the response of port {port} is not HTTP: {head[:80]!r}")
    return int(status_line[1]), body.decode(errors="replace")


def first_sync_done(metrics: str) -> bool:
    """Return whether kube-proxy has written all rules once, from the text of its metrics."""
    return any(float(value) > 0 for value in _LAST_SYNC.findall(metrics))
