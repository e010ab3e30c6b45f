"""The container engine, called through the `docker` command.

kind calls the same command, so both use the same Docker context and the same remote host. A failed call raises
`CommandFailed` with the engine's own message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clusters.errors import CommandFailed, EngineUnavailable
from clusters.host.command import CommandResult, Commands
from clusters.host.engineinfo import EngineInfo, read_engine_info
from clusters.host.patience import DEFAULT, Patience

BUILD_TIMEOUT_S = 1800.0
INFO_TIMEOUT_S = 20.0


class Engine:
    """A container engine. `Engine.find` returns one that responds.

    Every `timeout_s` is meant for an ordinary host and is multiplied by the factor of `patience`.
    """

    def __init__(self, commands: Commands, patience: Patience = DEFAULT) -> None:
        self._commands = commands
        self.patience = patience

    @classmethod
    def find(cls, commands: Commands, patience: Patience = DEFAULT) -> Engine:
        """Return the engine that the `docker` command reaches. Raises `EngineUnavailable` with a remedy."""
        engine = cls(commands, patience)
        try:
            engine.info()
        except CommandFailed as failure:
            raise EngineUnavailable(
                f"no container engine responds: {failure.stderr.strip() or failure.message}",
                remedy="start Docker, or run ./setup.sh, which prints what to do",
                detail=failure.detail,
            ) from failure
        return engine

    def info(self) -> EngineInfo:
        """Return the properties of the engine and of its host."""
        return read_engine_info(self._commands, timeout_s=self.patience.seconds(INFO_TIMEOUT_S))

    # Images

    def has_image(self, reference: str) -> bool:
        """Return True if the engine has the image, named by tag or by digest."""
        return self._tolerating("image", "image", "inspect", "--format={{.Id}}", reference)

    def build_image(
        self,
        context: Path,
        tag: str,
        arguments: Mapping[str, str],
        labels: Mapping[str, str],
        *,
        yielding: bool = False,
    ) -> None:
        """Build an image from the Dockerfile in `context`.

        If it is `yielding`, its programs get the CPU time that containers leave, where the engine can limit it
        (BuildKit cannot).
        """
        argv = ["build", "--tag", tag, *(("--cpu-shares=2",) if yielding else ())]
        for name, value in arguments.items():
            argv += ["--build-arg", f"{name}={value}"]
        self._docker(*argv, *_labelled(labels), str(context), timeout_s=BUILD_TIMEOUT_S)

    def import_image(self, root_file_system: Path, tag: str) -> None:
        """Create an image with one layer from a tar file."""
        self._docker("import", str(root_file_system), tag, timeout_s=BUILD_TIMEOUT_S)

    def save_images(self, references: tuple[str, ...], archive: Path) -> None:
        """Write images to one archive file."""
        self._docker("save", "--output", str(archive), *references, timeout_s=BUILD_TIMEOUT_S)

    def load_images(self, archive: Path) -> None:
        """Load the images of an archive file that `save_images` has written."""
        self._docker("load", "--quiet", "--input", str(archive), timeout_s=BUILD_TIMEOUT_S)

    def tag_image(self, reference: str, other: str) -> None:
        """Give an image an additional name."""
        self._docker("image", "tag", reference, other)

    def push_image(self, reference: str) -> None:
        """Push an image to the registry named in its reference. Raises `CommandFailed`."""
        self._docker("image", "push", "--quiet", reference, timeout_s=BUILD_TIMEOUT_S)

    def remove_image(self, reference: str) -> None:
        self._docker("image", "rm", "--force", reference)

    # Containers

    def start_container(self, *argv: str, labels: Mapping[str, str]) -> str:
        """Run `docker run --detach` with `argv` and return the container's id."""
        return self._docker("run", "--detach", *_labelled(labels), *argv, timeout_s=120).stdout.strip()

    def commit(self, container: str, tag: str, changes: tuple[str, ...]) -> None:
        """Create an image from a container's file system; `changes` are Dockerfile instructions."""
        argv = ["commit", "--pause=false"]
        for change in changes:
            argv += ["--change", change]
        self._docker(*argv, container, tag, timeout_s=BUILD_TIMEOUT_S)

    def exec(self, container: str, *argv: str, stdin: str | None = None, timeout_s: float = 60.0) -> CommandResult:
        """Run a program in a container. Raises `CommandFailed`."""
        interactive = () if stdin is None else ("--interactive",)
        return self._docker("exec", *interactive, container, *argv, stdin=stdin, timeout_s=timeout_s)

    def create_container(self, image: str, labels: Mapping[str, str]) -> str:
        """Create a container without starting it, to copy files out of it, and return its id.

        The engine pulls the image if it does not have it.
        """
        return self._docker("create", *_labelled(labels), image, timeout_s=BUILD_TIMEOUT_S).stdout.strip()

    def copy_out(self, container: str, source: str, target: Path) -> None:
        self._docker("cp", f"{container}:{source}", str(target), timeout_s=BUILD_TIMEOUT_S)

    def copy_in(self, source: Path, container: str, target: str) -> None:
        self._docker("cp", str(source), f"{container}:{target}", timeout_s=BUILD_TIMEOUT_S)

    def remove_container(self, container: str) -> None:
        """Kill a container and remove it with its anonymous volumes.

        Ignore a container that does not exist, is already being removed, or is still being created. `container_ids`
        shows when it is gone.
        """
        try:
            self._tolerating("container", "rm", "--force", "--volumes", container)
        except CommandFailed as failure:
            if "is already in progress" not in failure.stderr:
                raise

    def container_ids(self, *filters: str) -> tuple[str, ...]:
        """Return the ids of all containers that match every `--filter`, also while they are created or removed.

        While the engine creates a container, which for a node takes seconds, it already lists the container but
        answers "no such container" to inspect and remove (seen with Docker 20.10).
        """
        argv = ("ps", "--all", "--quiet", "--no-trunc", *_filters(filters))
        return tuple(self._docker(*argv).stdout.split())

    def container_labels(self, *labels: str) -> dict[str, tuple[str, ...]]:
        """Return the values of these labels by container id, also for containers that are being created or removed.

        The value is "" for a label that a container lacks.
        """
        form = "\t".join(("{{.ID}}", *(f'{{{{.Label "{label}"}}}}' for label in labels)))
        listing = self._docker("ps", "--all", "--no-trunc", "--format", form).stdout
        rows = (line.split("\t") for line in listing.splitlines())
        return {container: tuple(values) for container, *values in rows}

    def inspect_container(self, container: str) -> dict[str, Any] | None:
        """Return the output of `docker inspect`, or None if the container is gone or not completely created yet."""
        found = self._inspect("container", [container])
        return found[0] if found else None

    def containers(self, *filters: str) -> tuple[dict[str, Any], ...]:
        """Return `docker inspect` of all containers, also stopped ones, that match every `--filter`."""
        ids = self._docker("ps", "--all", "--quiet", *_filters(filters)).stdout.split()
        return self._inspect("container", ids)

    # Networks

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a bridge network. Raises `CommandFailed` if a network of that name exists."""
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
        """Remove a network, given its id or name. Ignore one that does not exist."""
        self._tolerating("network", "network", "rm", network)

    def networks(self, *filters: str) -> tuple[dict[str, Any], ...]:
        """Return `docker network inspect` of all networks that match every `--filter`."""
        ids = self._docker("network", "ls", "--quiet", *_filters(filters)).stdout.split()
        return self._inspect("network", ids)

    def network_names(self) -> frozenset[str]:
        """Return the names of all networks."""
        return frozenset(self._docker("network", "ls", "--format", "{{.Name}}").stdout.split())

    def _inspect(self, kind: str, ids: list[str]) -> tuple[dict[str, Any], ...]:
        if not ids:
            return ()
        try:
            return tuple(json.loads(self._docker(kind, "inspect", *ids).stdout))
        except CommandFailed as failure:
            # An item was removed between listing and inspecting. The command printed the others nevertheless.
            if "no such" not in failure.stderr.lower() and "not found" not in failure.stderr.lower():
                raise
            return tuple(json.loads(failure.stdout or "[]"))

    def _tolerating(self, kind: str, *argv: str) -> bool:
        """Run a command and return True; return False if the engine has no such image, container or network."""
        # Docker 20.10's client prints "No such network: x", later ones "network x not found".
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
