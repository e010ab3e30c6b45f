"""Fake shells of kube-proxy and of nodes, with scripted outputs."""

from __future__ import annotations

from collections.abc import Mapping

from clusters.cluster import Node


class TextShell:
    """A `ProxyShell`. `answers` maps a command to its output."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = dict(answers)

    def run(self, node: Node, *argv: str, timeout_s: float = 60.0) -> str:
        return self._answers[" ".join(argv)]


class RecordingNodeShell:
    """A `NodeShell` that records commands.

    `answers` maps a part of a command to its output. The first part that a command contains is used.
    """

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self._answers = dict(answers or {})
        self.ran: list[tuple[str, ...]] = []

    def run(self, node: Node, *argv: str, timeout_s: float = 60.0) -> str:
        self.ran.append(argv)
        command = " ".join(argv)
        return next((answer for part, answer in self._answers.items() if part in command), "")
