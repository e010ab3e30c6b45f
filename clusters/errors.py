"""Errors of the environment in which tests run.

    KubeproofError
    ├── UsageError            the user's request is invalid
    │   ├── NameTaken         a cluster of that name exists and is not ours, or its owner still runs
    │   └── Refused           the combination is impossible, or would damage what is not ours
    └── WorldError            the host, the engine or the network failed; this is no verdict on Kubernetes
        ├── HostUnfit         a check of the host found that the mode cannot work
        ├── EngineUnavailable no container engine responds
        ├── CommandFailed     a program ended with an exit code other than 0, or exceeded its time limit
        ├── BuildFailed       the build of an image or a program failed
        ├── ClusterNotReady   the cluster did not reach the requested state
        ├── ImageUnavailable  a node cannot pull an image that cases need
        └── ClusterUnreachable  the API server does not respond (any more)

Every message is one line: which object, which cluster, what was expected, what was last seen. `remedy` says what to do;
`detail` holds the complete output for the log.
"""

from __future__ import annotations


class KubeproofError(Exception):
    """Base class of all errors that Kubeproof raises itself; `exit_code` is the exit code of the command."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class UsageError(KubeproofError):
    """A request that is invalid or not permitted."""

    exit_code = 2


class NameTaken(UsageError):
    """A cluster name that is in use by a cluster that is not Kubeproof's, or by a run that has not ended."""


class Refused(UsageError):
    """A combination that cannot work, or that would damage what does not belong to Kubeproof."""


class WorldError(KubeproofError):
    """A failure of the environment, not of Kubernetes: a case that ends with it is an environment error."""

    exit_code = 3


class HostUnfit(WorldError):
    """A host on which the requested mode cannot work, according to the checks of `clusters.doctor`."""


class EngineUnavailable(WorldError):
    """A container engine that does not respond, or that this user may not use."""


class CommandFailed(WorldError):
    """A program that ended with an exit code other than 0, or exceeded its time limit.

    Has `argv`, `exit_code_seen` (None after a time-out), and `stdout` and `stderr` in full.
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
    """A failed build of an image, a root file system or a program of source `built`."""


class ClusterNotReady(WorldError):
    """A cluster that did not reach the requested state: nodes, DNS, metrics, leak guard or proxy mode."""


class ImageUnavailable(WorldError):
    """An image that cases need and a node cannot pull; the message quotes the kubelet."""


class ClusterUnreachable(WorldError):
    """An API server that does not respond although its cluster was ready."""
