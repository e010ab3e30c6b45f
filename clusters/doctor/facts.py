"""What several checks need to know, asked once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from clusters.doctor.check import Question
from clusters.doctor.host import Host
from clusters.doctor.kernel import Kernel
from clusters.doctor.tables import Laboratory
from clusters.errors import CommandFailed, UsageError
from clusters.images.lock import KubernetesRelease, Lock, read_lock
from clusters.spec import Source

ENGINE_TIMEOUT_S = 10.0
ENGINE_PID = "/var/run/docker.pid"


@dataclass(frozen=True, slots=True)
class EngineSeen:
    """What the engine says of itself, and of the host it runs on."""

    version: str
    cgroup_version: str
    kernel: str
    architecture: str
    root_dir: str
    default_runtime: str
    rootless: bool


class Facts:
    """The host, the question, and everything that is derived from them. Facts do not change while we look."""

    def __init__(self, host: Host, question: Question, lock: Lock | None = None) -> None:
        self.host = host
        self.question = question
        self.lock = lock or read_lock()

    @cached_property
    def kubernetes(self) -> str:
        return self.question.kubernetes or self.lock.release(None).version

    @cached_property
    def release(self) -> KubernetesRelease | None:
        """The release of the lock file, or None if that version cannot be had."""
        try:
            return self.lock.release(self.kubernetes)
        except UsageError:
            return None

    def version_of(self, source: Source) -> str:
        """The version that a cluster of this source would run; outside the lock file, the one asked about."""
        return self.kubernetes if self.release is None else self.release.version_of(source)

    @cached_property
    def minor(self) -> tuple[int, int]:
        """Major and minor version of the Kubernetes asked about. Raises `UsageError` for what is no version."""
        match = re.fullmatch(r"v?(\d+)\.(\d+)(\..+)?", self.kubernetes)
        if match is None:
            raise UsageError(f"{self.kubernetes!r} is no Kubernetes version", remedy="for example --kubernetes=1.37.2")
        return int(match[1]), int(match[2])

    @cached_property
    def nodes(self) -> int:
        return self.question.control_planes + self.question.workers

    @cached_property
    def kernel(self) -> Kernel:
        return Kernel.read(self.host)

    @cached_property
    def laboratory(self) -> Laboratory:
        return Laboratory.enter(self.host)

    @cached_property
    def engine(self) -> EngineSeen | str:
        """The engine, or why it does not answer."""
        if self.host.which("docker") is None:
            return "there is no docker command in the PATH"
        try:
            told: dict[str, Any] = json.loads(
                self.host.run("docker", "info", "--format", "{{json .}}", timeout_s=ENGINE_TIMEOUT_S).stdout
            )
        except CommandFailed as failure:
            if failure.exit_code_seen is None:
                return f"the engine gave no answer within {ENGINE_TIMEOUT_S:.0f} s"
            return failure.stderr.strip().splitlines()[0] if failure.stderr.strip() else failure.message
        if told.get("ServerErrors"):
            return str(told["ServerErrors"][0])
        return EngineSeen(
            version=told["ServerVersion"],
            cgroup_version=str(told.get("CgroupVersion", "1")),
            kernel=told["KernelVersion"],
            architecture=told["Architecture"],
            root_dir=told["DockerRootDir"],
            default_runtime=told.get("DefaultRuntime", "runc"),
            rootless=any("name=rootless" in option for option in told.get("SecurityOptions") or ()),
        )

    @cached_property
    def engine_elsewhere(self) -> bool:
        """True if the engine runs on another kernel than we do: a virtual machine, or a remote host."""
        return isinstance(self.engine, EngineSeen) and self.engine.kernel != self.host.kernel_release()

    @cached_property
    def engine_proc(self) -> str:
        """The folder below /proc of the engine's process, or of our own where the engine's cannot be told."""
        pid = (self.host.read_text(ENGINE_PID) or "").strip()
        engine = f"/proc/{pid}"
        return engine if pid.isdigit() and self.host.exists(engine) else "/proc/self"
