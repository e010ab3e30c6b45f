"""The logs of a kind cluster's nodes."""

from __future__ import annotations

from pathlib import Path

from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.kind.nodes import node_containers

LOGS = (
    ("journal.log", ("journalctl", "--no-pager", "--lines=5000")),
    ("pods.tar", ("tar", "--create", "--dereference", "--directory=/var/log", "--file=-", "pods")),
)
"""The ending of each file, and the program whose output it has."""


def export_logs(engine: Engine, name: str, directory: Path) -> None:
    """Write the nodes' journals and their containers' logs (/var/log/pods) into `directory`.

    A log that cannot be read holds the reason. Raises `WorldError` if the engine cannot list the nodes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for container in node_containers(engine, name):
        node = str(container["Name"]).removeprefix("/")
        for file, argv in LOGS:
            target = directory / f"{node}-{file}"
            try:
                target.write_text(engine.exec(node, *argv, timeout_s=60).stdout)
            except WorldError as failure:
                target.write_text(f"could not be read: {failure}\n")
