"""The errors of the world around a test.

    KubeproofError
    ├── UsageError            what the user asked for makes no sense
    │   ├── NameTaken         a cluster of that name exists and is not ours, or its owner still runs
    │   └── Refused           the combination is impossible, or would damage what is not ours
    └── WorldError            the host, the engine or the network failed; Kubernetes was not on trial
        ├── HostUnfit         doctor found something without which the mode cannot work
        ├── EngineUnavailable no container engine answers
        ├── CommandFailed     a program ended other than with 0, or not in time
        ├── BuildFailed       an image or a program did not build
        ├── ClusterNotReady   the cluster never became what was asked for
        ├── ImageUnavailable  a node cannot pull an image that cases need
        └── ClusterUnreachable  the API server does not answer (any more)

Every message is one line for the person at two in the morning: which object, which cluster, what was
expected, what was last seen; `remedy` says what to do, `detail` holds the long story for the log.
"""

from __future__ import annotations


class KubeproofError(Exception):
    """Base of all errors that kubeproof raises on purpose; `exit_code` is what a command ends with."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class UsageError(KubeproofError):
    """What the user asked for makes no sense, or must not be done."""

    exit_code = 2


class NameTaken(UsageError):
    """A cluster of that name exists and is not ours to touch, or belongs to a run that still lives."""


class Refused(UsageError):
    """A combination that cannot work, or that would damage what is not ours."""


class WorldError(KubeproofError):
    """The world failed, not Kubernetes: a case that ends with one is an environment error."""

    exit_code = 3


class HostUnfit(WorldError):
    """Doctor found something without which the mode asked for cannot work on this host."""


class EngineUnavailable(WorldError):
    """No container engine answers, or we may not use it."""


class CommandFailed(WorldError):
    """A program ended other than with exit code 0, or not within its time.

    Carries `argv`, `exit_code_seen` (None after a time-out), `stdout` and `stderr` in full.
    """

    def __init__(
        self, argv: tuple[str, ...], exit_code_seen: int | None, stdout: str, stderr: str, *, remedy: str = ""
    ) -> None:
        ending = "did not end in time" if exit_code_seen is None else f"ended with {exit_code_seen}"
        lines = (stderr.strip() or stdout.strip() or "no output").splitlines()
        super().__init__(
            f"`{' '.join(argv)}` {ending}: {lines[-1]}", remedy=remedy, detail=f"{stdout}\n{stderr}".strip()
        )
        self.argv = argv
        self.exit_code_seen = exit_code_seen
        self.stdout = stdout
        self.stderr = stderr


class BuildFailed(WorldError):
    """An image, a root file system or a program of source `built` did not build."""


class ClusterNotReady(WorldError):
    """A cluster did not become what was asked for: nodes, DNS, metrics, guard or proxy mode."""


class ImageUnavailable(WorldError):
    """A node of a cluster cannot pull an image that cases need, in its kubelet's own words."""


class ClusterUnreachable(WorldError):
    """The API server of a cluster that was ready does not answer."""
