"""Facts about the host that several checks need, each read once."""

from __future__ import annotations

import re
from functools import cached_property

from clusters.doctor.check import Question
from clusters.doctor.host import Host
from clusters.doctor.kernel import Kernel
from clusters.doctor.tables import TrialNamespace
from clusters.errors import CommandFailed, UsageError
from clusters.host.engineinfo import EngineInfo, read_engine_info
from clusters.images.lock import KubernetesRelease, Lock, read_lock
from clusters.spec import Source

ENGINE_TIMEOUT_S = 10.0
ENGINE_PID = "/var/run/docker.pid"


class Facts:
    """The host, the question, and everything derived from them. Each fact is read once and kept."""

    def __init__(self, host: Host, question: Question, lock: Lock | None = None) -> None:
        self.host = host
        self.question = question
        self.lock = lock or read_lock()

    @cached_property
    def kubernetes(self) -> str:
        return self.question.kubernetes or self.lock.release(None).version

    @cached_property
    def release(self) -> KubernetesRelease | None:
        """Return the release of the lock file, or None if the version is not in it."""
        try:
            return self.lock.release(self.kubernetes)
        except UsageError:
            return None

    def version_of(self, source: Source) -> str:
        """Return the version that a cluster of this source would run, or the requested one if the lock lacks it."""
        return self.kubernetes if self.release is None else self.release.version_of(source)

    @cached_property
    def minor(self) -> tuple[int, int]:
        """Return major and minor number of the requested Kubernetes version. Raises `UsageError` if it is invalid."""
        match = re.fullmatch(r"v?(\d+)\.(\d+)(\..+)?", self.kubernetes)
        if match is None:
            raise UsageError(
                f"{self.kubernetes!r} is not a Kubernetes version", remedy="for example --kubernetes=1.37.2"
            )
        return int(match[1]), int(match[2])

    @cached_property
    def nodes(self) -> int:
        return self.question.control_planes + self.question.workers

    @cached_property
    def kernel(self) -> Kernel:
        return Kernel.read(self.host)

    @cached_property
    def trial_namespace(self) -> TrialNamespace:
        return TrialNamespace.find(self.host)

    @cached_property
    def engine(self) -> EngineInfo | str:
        """Return the engine's properties, or the reason why it does not respond."""
        if self.host.which("docker") is None:
            return "there is no docker command in the PATH"
        try:
            return read_engine_info(self.host, timeout_s=ENGINE_TIMEOUT_S)
        except CommandFailed as failure:
            if failure.exit_code_seen is None:
                return f"the engine did not respond within {ENGINE_TIMEOUT_S:.0f} s"
            return failure.stderr.strip().splitlines()[0] if failure.stderr.strip() else failure.message

    @cached_property
    def engine_elsewhere(self) -> bool:
        """Return True if the engine runs on another kernel than this process: a virtual machine or a remote host."""
        return isinstance(self.engine, EngineInfo) and self.engine.kernel != self.host.kernel_release()

    @cached_property
    def engine_proc(self) -> str:
        """Return the /proc directory of the engine's process, or of this process if the engine's is not known."""
        pid = (self.host.read_text(ENGINE_PID) or "").strip()
        engine = f"/proc/{pid}"
        return engine if pid.isdigit() and self.host.exists(engine) else "/proc/self"
