"""The logs of a kind cluster's nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from clusters.engine import Engine
from clusters.kind.nodes import node_containers
from clusters.nodes.logs import write_logs

LOGS = (
    ("journal.log", ("journalctl", "--no-pager", "--lines=5000")),
    ("pods.tar", ("tar", "--create", "--dereference", "--directory=/var/log", "--file=-", "pods")),
)
"""The ending of each file, and the program whose output it has."""


def export_logs(engine: Engine, name: str, directory: Path) -> None:
    """Write the nodes' journals and their containers' logs (/var/log/pods) into `directory`.

    A log that cannot be read holds the reason. Raises `WorldError` if the engine cannot list the nodes, or if the
    directory cannot be written to.
    """
    write_logs(directory, _logs(engine, name))


def _logs(engine: Engine, name: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the file's name of each log, and the function that reads the log."""
    for container in node_containers(engine, name):
        node = str(container["Name"]).removeprefix("/")
        for file, argv in LOGS:
            yield f"{node}-{file}", partial(_read, engine, node, argv)


def _read(engine: Engine, node: str, argv: tuple[str, ...]) -> str:
    return engine.exec(node, *argv, timeout_s=60).stdout
