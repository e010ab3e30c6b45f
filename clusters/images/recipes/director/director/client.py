"""The other end of server.py: what a program in the pod does that is called `ipvsadm` but asks the guest."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from director.frames import Decoder, Message, encode
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


def ask(question: Message, timeout_s: float, path: Path = SOCKET) -> Message:
    """The director's answer. Raises `NoAnswer`."""
    decoder = Decoder()
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(encode(question))
            while data := connection.recv(1 << 20):
                for message in decoder.feed(data):
                    return message
    except OSError as error:
        raise NoAnswer(f"{path}: {error}") from error
    raise NoAnswer(f"{path}: hung up without an answer")


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
