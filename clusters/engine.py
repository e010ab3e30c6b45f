"""The container engine, through its command line: what kind uses, so contexts and remote hosts agree.

Every call names what it is about; failures are `CommandFailed` with the engine's own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusters.command import CommandResult, Commands
from clusters.errors import CommandFailed, EngineUnavailable
from clusters.patience import DEFAULT, Patience

BUILD_TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine says of itself and of its host."""

    version: str
    cgroup_version: str
    cpus: int
    kernel: str
    root_dir: str


class Engine:
    """A container engine that answers. Make one with `Engine.find`.

    Every `timeout_s` is for an ordinary host: a command may take `patience` times as long.
    """

    def __init__(self, commands: Commands, patience: Patience = DEFAULT) -> None:
        self._commands = commands
        self.patience = patience

    @classmethod
    def find(cls, commands: Commands, patience: Patience = DEFAULT) -> Engine:
        """The engine the `docker` command reaches. Raises `EngineUnavailable` with what to do."""
        engine = cls(commands, patience)
        try:
            engine.info()
        except CommandFailed as failure:
            raise EngineUnavailable(
                f"no container engine answers: {failure.stderr.strip() or failure.message}",
                remedy="start Docker, or run ./setup.sh which says what to do",
                detail=failure.detail,
            ) from failure
        return engine

    def info(self) -> EngineInfo:
        """Version, cgroup version ("1" or "2"), number of processors, kernel release, data directory."""
        seen = json.loads(self._docker("info", "--format", "{{json .}}", timeout_s=20).stdout)
        if seen.get("ServerErrors"):
            raise CommandFailed(("docker", "info"), 1, "", "; ".join(seen["ServerErrors"]))
        return EngineInfo(
            version=seen["ServerVersion"],
            cgroup_version=str(seen.get("CgroupVersion", "1")),
            cpus=int(seen["NCPU"]),
            kernel=seen["KernelVersion"],
            root_dir=seen["DockerRootDir"],
        )

    # Images

    def has_image(self, reference: str) -> bool:
        """By tag or by digest."""
        return self._tolerating("image", "image", "inspect", "--format={{.Id}}", reference)

    def build_image(self, context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> None:
        """Build `context`/Dockerfile."""
        argv = ["build", "--tag", tag]
        for name, value in arguments.items():
            argv += ["--build-arg", f"{name}={value}"]
        self._docker(*argv, *_labelled(labels), str(context), timeout_s=BUILD_TIMEOUT_S)

    def import_image(self, root_file_system: Path, tag: str) -> None:
        """Make an image of one layer from a tar file."""
        self._docker("import", str(root_file_system), tag, timeout_s=BUILD_TIMEOUT_S)

    def save_images(self, references: tuple[str, ...], archive: Path) -> None:
        """Write images to one archive."""
        self._docker("save", "--output", str(archive), *references, timeout_s=BUILD_TIMEOUT_S)

    def tag_image(self, reference: str, other: str) -> None:
        """Give an image another name beside its own."""
        self._docker("image", "tag", reference, other)

    def push_image(self, reference: str) -> None:
        """Push an image to the registry that its name begins with. Raises `CommandFailed`."""
        self._docker("image", "push", "--quiet", reference, timeout_s=BUILD_TIMEOUT_S)

    def remove_image(self, reference: str) -> None:
        self._docker("image", "rm", "--force", reference)

    # Containers

    def start_container(self, *argv: str, labels: Mapping[str, str]) -> str:
        """`docker run --detach` with `argv`; the container's id."""
        return self._docker("run", "--detach", *_labelled(labels), *argv, timeout_s=120).stdout.strip()

    def commit(self, container: str, tag: str, changes: tuple[str, ...]) -> None:
        """Make an image of a container's file system; `changes` are Dockerfile instructions."""
        argv = ["commit", "--pause=false"]
        for change in changes:
            argv += ["--change", change]
        self._docker(*argv, container, tag, timeout_s=BUILD_TIMEOUT_S)

    def exec(self, container: str, *argv: str, stdin: str | None = None, timeout_s: float = 60.0) -> CommandResult:
        """Run a program in a container. Raises `CommandFailed`."""
        interactive = () if stdin is None else ("--interactive",)
        return self._docker("exec", *interactive, container, *argv, stdin=stdin, timeout_s=timeout_s)

    def create_container(self, image: str, labels: Mapping[str, str]) -> str:
        """A container that never runs, for its files; its id. The image is pulled if it is not there."""
        return self._docker("create", *_labelled(labels), image, timeout_s=BUILD_TIMEOUT_S).stdout.strip()

    def copy_out(self, container: str, source: str, target: Path) -> None:
        self._docker("cp", f"{container}:{source}", str(target), timeout_s=BUILD_TIMEOUT_S)

    def copy_in(self, source: Path, container: str, target: str) -> None:
        self._docker("cp", str(source), f"{container}:{target}", timeout_s=BUILD_TIMEOUT_S)

    def remove_container(self, container: str) -> None:
        """Stop it at once and remove it with its anonymous volumes.

        One that is absent is a success, and so is one that somebody removes at this moment or the engine still makes:
        `container_ids` tells when it is gone.
        """
        try:
            self._tolerating("container", "rm", "--force", "--volumes", container)
        except CommandFailed as failure:
            if "is already in progress" not in failure.stderr:
                raise

    def container_ids(self, *filters: str) -> tuple[str, ...]:
        """Ids of all containers that match every `--filter`, also of those that are being made or removed.

        While the engine makes a container, which for a node takes seconds, it lists it and denies at the same time
        that there is one to inspect or to remove (seen with Docker 20.10).
        """
        argv = ("ps", "--all", "--quiet", "--no-trunc", *_filters(filters))
        return tuple(self._docker(*argv).stdout.split())

    def container_labels(self, *labels: str) -> dict[str, tuple[str, ...]]:
        """Values of these labels by the id of each container, the same ones; "" for a label that it lacks."""
        form = "\t".join(("{{.ID}}", *(f'{{{{.Label "{label}"}}}}' for label in labels)))
        listed = self._docker("ps", "--all", "--no-trunc", "--format", form).stdout
        rows = (line.split("\t") for line in listed.splitlines())
        return {container: tuple(values) for container, *values in rows}

    def inspect_container(self, container: str) -> dict[str, Any] | None:
        """As `docker inspect` shows it; None if it is gone, or not yet completely made."""
        found = self._inspect("container", [container])
        return found[0] if found else None

    def containers(self, *filters: str) -> tuple[dict[str, Any], ...]:
        """All containers, also stopped ones, that match every `--filter`, as `docker inspect` shows them."""
        ids = self._docker("ps", "--all", "--quiet", *_filters(filters)).stdout.split()
        return self._inspect("container", ids)

    # Networks

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a bridge network of that name. Raises `CommandFailed` if there is one already."""
        argv = [
            "network",
            "create",
            "--driver",
            "bridge",
            "--opt",
            "com.docker.network.bridge.enable_ip_masquerade=true",
        ]
        self._docker(*argv, *_labelled(labels), name)

    def remove_network(self, network: str) -> None:
        """By id or by name. An absent one is a success."""
        self._tolerating("network", "network", "rm", network)

    def networks(self, *filters: str) -> tuple[dict[str, Any], ...]:
        """All networks that match every `--filter`, as `docker network inspect` shows them."""
        ids = self._docker("network", "ls", "--quiet", *_filters(filters)).stdout.split()
        return self._inspect("network", ids)

    def network_names(self) -> frozenset[str]:
        """Names of all networks."""
        return frozenset(self._docker("network", "ls", "--format", "{{.Name}}").stdout.split())

    def _inspect(self, kind: str, ids: list[str]) -> tuple[dict[str, Any], ...]:
        if not ids:
            return ()
        try:
            return tuple(json.loads(self._docker(kind, "inspect", *ids).stdout))
        except CommandFailed as failure:
            # Something of the list went away between the two questions: what is left was printed all the same.
            if "no such" not in failure.stderr.lower() and "not found" not in failure.stderr.lower():
                raise
            return tuple(json.loads(failure.stdout or "[]"))

    def _tolerating(self, kind: str, *argv: str) -> bool:
        """False if the engine says that there is no such image, container or network."""
        # Clients of Docker 20.10: "No such network: x"; later ones: "network x not found".
        absent = re.compile(rf"no such {kind}|{kind} \S+ not found", re.IGNORECASE)
        try:
            self._docker(*argv, timeout_s=120)
        except CommandFailed as failure:
            if not absent.search(failure.stderr):
                raise
            return False
        return True

    def _docker(self, *argv: str, stdin: str | None = None, timeout_s: float = 60.0) -> CommandResult:
        return self._commands.run("docker", *argv, stdin=stdin, timeout_s=self.patience.seconds(timeout_s))


def _labelled(labels: Mapping[str, str]) -> list[str]:
    return [word for label, value in labels.items() for word in ("--label", f"{label}={value}")]


def _filters(filters: tuple[str, ...]) -> list[str]:
    return [word for wanted in filters for word in ("--filter", wanted)]
