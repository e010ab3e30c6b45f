"""The container engine, through its command line: what kind uses, so contexts and remote hosts agree.

Every call names what it is about; failures are `CommandFailed` with the engine's own words.
"""

from __future__ import annotations

import json
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
        return self._tolerating("No such image", "image", "inspect", "--format={{.Id}}", reference)

    def build_image(self, context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> None:
        """Build `context`/Dockerfile."""
        argv = ["build", "--tag", tag]
        for name, value in arguments.items():
            argv += ["--build-arg", f"{name}={value}"]
        for name, value in labels.items():
            argv += ["--label", f"{name}={value}"]
        self._docker(*argv, str(context), timeout_s=BUILD_TIMEOUT_S)

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

    def start_container(self, *argv: str) -> str:
        """`docker run --detach` with `argv`; the container's id."""
        return self._docker("run", "--detach", *argv, timeout_s=120).stdout.strip()

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

    def create_container(self, image: str) -> str:
        """A container that never runs, for its files; its id. The image is pulled if it is not there."""
        return self._docker("create", image, timeout_s=BUILD_TIMEOUT_S).stdout.strip()

    def copy_out(self, container: str, source: str, target: Path) -> None:
        self._docker("cp", f"{container}:{source}", str(target), timeout_s=BUILD_TIMEOUT_S)

    def copy_in(self, source: Path, container: str, target: str) -> None:
        self._docker("cp", str(source), f"{container}:{target}", timeout_s=BUILD_TIMEOUT_S)

    def remove_container(self, container: str) -> None:
        """Stop it at once and remove it with its anonymous volumes. An absent one is a success."""
        self._tolerating("No such container", "rm", "--force", "--volumes", container)

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
        for label, value in labels.items():
            argv += ["--label", f"{label}={value}"]
        self._docker(*argv, name)

    def remove_network(self, name: str) -> None:
        """An absent one is a success."""
        self._tolerating("not found", "network", "rm", name)

    def networks(self, *filters: str) -> tuple[dict[str, Any], ...]:
        """All networks that match every `--filter`, as `docker network inspect` shows them."""
        ids = self._docker("network", "ls", "--quiet", *_filters(filters)).stdout.split()
        return self._inspect("network", ids)

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

    def _tolerating(self, absent: str, *argv: str) -> bool:
        """False if the engine says that what this was about is not there."""
        try:
            self._docker(*argv, timeout_s=120)
        except CommandFailed as failure:
            if absent.lower() not in failure.stderr.lower():
                raise
            return False
        return True

    def _docker(self, *argv: str, stdin: str | None = None, timeout_s: float = 60.0) -> CommandResult:
        return self._commands.run("docker", *argv, stdin=stdin, timeout_s=self.patience.seconds(timeout_s))


def _filters(filters: tuple[str, ...]) -> list[str]:
    return [word for wanted in filters for word in ("--filter", wanted)]
