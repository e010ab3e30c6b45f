"""The client of the director's socket (server.py): runs a command in the guest and queries readiness.

The wrappers in the pod, such as `ipvsadm`, are links to this client.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

from director.socketpath import SOCKET

COMMAND_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 4.0
"""Shorter than the readiness probe's own 5 s, so that the kubelet receives the reason."""
GRACE_S = 5.0
"""Added to the guest's own timeout, so that the guest's timeout error arrives before ours."""

NO_DIRECTOR = 69
"""Exit code if the director does not reply: EX_UNAVAILABLE of sysexits.h."""


class DirectorUnavailable(Exception):
    """The director did not reply: no connection, a timeout, or a connection closed without a reply."""


def ask(request: dict[str, Any], timeout_s: float, path: Path = SOCKET) -> dict[str, Any]:
    """Send a request to the director and return its reply. Raises `DirectorUnavailable`."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            body = json.dumps(request).encode()
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            with connection.makefile("rb") as stream:
                _, _, text = stream.read().partition(b"\r\n\r\n")
    except OSError as error:
        raise DirectorUnavailable(f"{path}: {error}") from error
    if not text:
        raise DirectorUnavailable(f"{path}: the director closed the connection without a reply")
    reply: dict[str, Any] = json.loads(text)
    return reply


def run(argv: tuple[str, ...], path: Path = SOCKET) -> int:
    """Run a command in the guest, print its output, and return its exit code."""
    request = {"argv": argv, "timeout_s": COMMAND_TIMEOUT_S}
    try:
        done = ask(request, COMMAND_TIMEOUT_S + GRACE_S, path)
    except DirectorUnavailable as failure:
        sys.stderr.write(f"{argv[0] if argv else 'director'}: cannot reach the guest: {failure}\n")
        return NO_DIRECTOR
    sys.stdout.write(done.get("stdout", ""))
    sys.stderr.write(done.get("stderr", ""))
    return int(done.get("exit_code", NO_DIRECTOR))


def ready(path: Path = SOCKET) -> int:
    """Return 0 if kube-proxy has finished its first sync, otherwise 1. Print the reason to standard output."""
    try:
        reason = str(ask({"ask": "ready"}, READY_TIMEOUT_S, path).get("unready", "the reply has no field `unready`"))
    except DirectorUnavailable as failure:
        reason = f"cannot reach the guest: {failure}"
    sys.stdout.write(f"not ready: {reason}\n" if reason else "ready\n")
    return 1 if reason else 0
