"""The other end of server.py: what a program in the pod does that is called `ipvsadm` but asks the guest."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

from director.socketpath import SOCKET

COMMAND_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 4.0
"""Within the readiness probe's own 5 s, so that the reason arrives."""
GRACE_S = 5.0
"""How much longer we wait than the guest, so that its own account of being late arrives."""

NO_DIRECTOR = 69
"""sysexits.h: a service is unavailable."""


class NoAnswer(Exception):
    """The director does not answer."""


def ask(question: dict[str, Any], timeout_s: float, path: Path = SOCKET) -> dict[str, Any]:
    """The director's answer. Raises `NoAnswer`."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            body = json.dumps(question).encode()
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            with connection.makefile("rb") as answers:
                _, _, text = answers.read().partition(b"\r\n\r\n")
    except OSError as error:
        raise NoAnswer(f"{path}: {error}") from error
    if not text:
        raise NoAnswer(f"{path}: hung up without an answer")
    answer: dict[str, Any] = json.loads(text)
    return answer


def run(argv: tuple[str, ...], path: Path = SOCKET) -> int:
    """Run a command in the guest; print what it printed, return its exit code."""
    question = {"argv": argv, "timeout_s": COMMAND_TIMEOUT_S}
    try:
        done = ask(question, COMMAND_TIMEOUT_S + GRACE_S, path)
    except NoAnswer as failure:
        sys.stderr.write(f"{argv[0] if argv else 'director'}: the guest cannot be asked: {failure}\n")
        return NO_DIRECTOR
    sys.stdout.write(done.get("stdout", ""))
    sys.stderr.write(done.get("stderr", ""))
    return int(done.get("exit_code", NO_DIRECTOR))


def ready(path: Path = SOCKET) -> int:
    """0 when kube-proxy has finished its first sync; else 1, with the reason on standard output."""
    try:
        reason = str(ask({"ask": "ready"}, READY_TIMEOUT_S, path).get("unready", "the answer says nothing"))
    except NoAnswer as failure:
        reason = f"the guest cannot be asked: {failure}"
    sys.stdout.write(f"not ready: {reason}\n" if reason else "ready\n")
    return 1 if reason else 0
