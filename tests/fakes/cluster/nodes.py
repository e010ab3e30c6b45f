"""Fake programs on nodes, with scripted results."""

from __future__ import annotations

from collections.abc import Mapping

from clusters.cluster import Cluster, Node
from clusters.errors import CommandFailed
from clusters.host.command import CommandResult


class NodeCommands:
    """A provider of node commands. `answers` maps a program's name to its output or its error."""

    def __init__(self, answers: Mapping[str, str | CommandFailed]) -> None:
        self._answers = dict(answers)

    def run_on_node(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        answer = self._answers[argv[0]]
        if isinstance(answer, CommandFailed):
            raise answer
        return CommandResult(answer, "")
