"""A `ProxyShell` that answers from texts."""

from __future__ import annotations

from collections.abc import Mapping

from clusters.cluster import Node


class TextShell:
    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = dict(answers)

    def run(self, node: Node, *argv: str, timeout_s: float = 60.0) -> str:
        return self._answers[" ".join(argv)]


class RecordingNodeShell:
    """A `NodeShell` that remembers what ran; it answers to the first of `answers` whose words a command holds."""

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self._answers = dict(answers or {})
        self.ran: list[tuple[str, ...]] = []

    def run(self, node: Node, *argv: str, timeout_s: float = 60.0) -> str:
        self.ran.append(argv)
        command = " ".join(argv)
        return next((answer for words, answer in self._answers.items() if words in command), "")
