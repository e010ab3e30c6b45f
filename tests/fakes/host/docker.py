"""A fake container engine with containers and networks. It supports the commands that clean-up uses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from clusters.errors import CommandFailed
from clusters.host.ownership import KIND_CLUSTER_LABEL
from tests.fakes.host.commands import AnsweringCommands

LABEL = re.compile(r'\{\{\.Label "([^"]+)"\}\}')


@dataclass
class FakeContainer:
    """A container. It appears in `making` listings before it can be inspected or removed."""

    id: str
    labels: Mapping[str, str]
    network: str
    running: bool = True
    making: int = 0


@dataclass
class FakeDocker(AnsweringCommands):
    """A `Commands` that acts as an engine. `before_listing` is called with the number of each listing of containers."""

    containers: list[FakeContainer] = field(default_factory=list)
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    before_listing: Callable[[int], None] = lambda listing: None
    samples: int = 0
    no_such_network: str = "Error response from daemon: network {} not found"
    """The client's error message; {} is replaced by the network."""
    removed: list[str] = field(default_factory=list)
    """The ids of removed containers and networks, in order."""

    def add_network(self, name: str, labels: Mapping[str, str], identity: str = "") -> None:
        network = {"Id": identity or f"id-{name}", "Name": name, "Labels": dict(labels)}
        self.networks[network["Id"]] = network

    def add_node(self, name: str, identity: str, **settings: Any) -> None:
        """Add a node that kind has created for a network with its cluster's name."""
        self.containers.append(FakeContainer(identity, {KIND_CLUSTER_LABEL: name}, **{"network": name, **settings}))

    def _answer(self, argv: tuple[str, ...], stdin: str | None, timeout_s: float) -> str:
        match argv[1:]:
            case ("ps", "--all", *options):
                self.samples += 1
                self.before_listing(self.samples)
                matching = [seen for seen in self.containers if _fits(options, seen.id, seen.labels, "")]
                for seen in matching:
                    seen.making = max(0, seen.making - 1)
                return _lines(_line(options, seen) for seen in matching)
            case ("container", "inspect", *ids):
                return self._inspect_containers(argv, ids)
            case ("rm", "--force", "--volumes", identity):
                self._remove_container(argv, identity)
                return identity
            case ("network", "ls", "--format", _):
                return _lines(network["Name"] for network in self.networks.values())
            case ("network", "ls", *options):
                return _lines(
                    identity
                    for identity, network in self.networks.items()
                    if _fits(options, identity, network["Labels"], network["Name"])
                )
            case ("network", "inspect", *ids):
                return json.dumps([self.networks[identity] for identity in ids])
            case ("network", "rm", identity):
                if identity not in self.networks:
                    raise CommandFailed(argv, 1, "", self.no_such_network.format(identity))
                del self.networks[identity]
                self.removed.append(identity)
                return identity
        raise CommandFailed(argv, 127, "", "this fake engine does not support the command")

    def _inspect_containers(self, argv: tuple[str, ...], ids: Iterable[str]) -> str:
        found = [seen for seen in self.containers if seen.id in ids and not seen.making]
        shown = json.dumps(
            [
                {
                    "Id": seen.id,
                    "Name": f"/{seen.id}",
                    "Config": {"Labels": dict(seen.labels)},
                    "HostConfig": {"NetworkMode": seen.network},
                    "State": {"Running": seen.running},
                }
                for seen in found
            ]
        )
        if len(found) < len(list(ids)):
            raise CommandFailed(argv, 1, shown, "Error: No such container")
        return shown

    def _remove_container(self, argv: tuple[str, ...], identity: str) -> None:
        for seen in self.containers:
            if seen.id == identity and not seen.making:
                self.containers.remove(seen)
                self.removed.append(identity)
                return
        raise CommandFailed(argv, 1, "", f"Error: No such container: {identity}")


def _fits(options: list[str], identity: str, labels: Mapping[str, str], name: str) -> bool:
    """Return True if all `--filter` options match, as the engine interprets them."""
    wanted = [value for option, value in pairwise(options) if option == "--filter"]
    for key, _, value in (each.partition("=") for each in wanted):
        label, equals, content = value.partition("=")
        fits = {
            "id": identity.startswith(value),
            "name": re.search(value, name) is not None,
            "label": labels.get(label) == content if equals else label in labels,
        }
        if not fits[key]:
            return False
    return True


def _line(options: list[str], seen: FakeContainer) -> str:
    if "--format" not in options:
        return seen.id
    return "\t".join([seen.id, *(seen.labels.get(label, "") for label in LABEL.findall(options[-1]))])


def _lines(words: Iterable[str]) -> str:
    return "".join(f"{word}\n" for word in words)
