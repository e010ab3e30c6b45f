"""The properties of the container engine and of its host, as `docker info` prints them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from clusters.errors import CommandFailed
from clusters.host.command import Commands

DOCKER_INFO = ("docker", "info", "--format", "{{json .}}")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Properties of the engine and of its host. `cgroup_version` is "1" or "2", `root_dir` the data directory."""

    version: str
    cgroup_version: str
    kernel: str
    architecture: str
    root_dir: str
    default_runtime: str
    rootless: bool


def read_engine_info(commands: Commands, *, timeout_s: float) -> EngineInfo:
    """Return the engine's properties. Raises `CommandFailed` with the engine's own message if it does not respond."""
    info: dict[str, Any] = json.loads(commands.run(*DOCKER_INFO, timeout_s=timeout_s).stdout)
    if info.get("ServerErrors"):
        raise CommandFailed(DOCKER_INFO, 1, "", "; ".join(info["ServerErrors"]))
    return EngineInfo(
        version=info["ServerVersion"],
        cgroup_version=str(info.get("CgroupVersion", "1")),
        kernel=info["KernelVersion"],
        architecture=info["Architecture"],
        root_dir=info["DockerRootDir"],
        default_runtime=info.get("DefaultRuntime", "runc"),
        rootless=any("name=rootless" in option for option in info.get("SecurityOptions") or ()),
    )
