"""A `ProxyShell` that answers from texts."""

from __future__ import annotations

from collections.abc import Mapping

from clusters.cluster import Node


class TextShell:
    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = dict(answers)

    def run(self, node: Node, *argv: str) -> str:
        return self._answers[" ".join(argv)]
