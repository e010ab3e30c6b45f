"""The modes of kube-proxy, and what each of them requires of the kernel and of Kubernetes.

Sources of the stages in kubernetes/kubernetes: pkg/features/kube_features.go for the feature gates KubeProxyIPVS and
NFTablesProxyMode, and kube-proxy's message about ipvs in cmd/kube-proxy/app/server_linux.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Mode(StrEnum):
    """A mode of kube-proxy."""

    IPTABLES = "iptables"
    IPVS = "ipvs"
    NFTABLES = "nftables"


class KernelPart(Enum):
    """A part of the kernel in which kube-proxy writes its rules. `doctor/checks/rules.py` checks each of them."""

    IPTABLES = auto()
    NF_TABLES = auto()
    IP_VS = auto()
    IPSET = auto()


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of a mode in Kubernetes, from minor version `since` until its next stage.

    `seen` describes the stage in the doctor's report. `cause` says why the mode cannot or should not be used, and
    `remedy` what to do; both are empty if it is generally available. `runs` is False if kube-proxy lacks the mode, or
    needs a feature gate that Kubeproof does not set.
    """

    since: tuple[int, int]
    seen: str
    cause: str = ""
    remedy: str = ""
    runs: bool = True


ALWAYS = (0, 0)
"""The start of a mode's first stage."""


@dataclass(frozen=True, slots=True)
class ModeRequirements:
    """What a mode requires.

    `oldest_kernel` is the oldest kernel on which kube-proxy accepts the mode, None for any. `stages` are in the order
    of versions, and empty for a mode that every Kubernetes version has.
    """

    kernel_parts: frozenset[KernelPart]
    oldest_kernel: tuple[int, int] | None = None
    stages: tuple[Stage, ...] = ()

    def stage_in(self, minor: tuple[int, int]) -> Stage | None:
        """Return the stage in this minor version of Kubernetes; None if every version has the mode."""
        return next((stage for stage in reversed(self.stages) if stage.since <= minor), None)


OFF_OF_IPVS = "move to nftables, or stay on an older Kubernetes"
DEPRECATED = ("it will be off by default in 1.40 and removed in 1.43", "plan the move to nftables")
NEWER_FOR_NFTABLES = "use Kubernetes 1.33 or later"

REQUIREMENTS = {
    Mode.IPTABLES: ModeRequirements(frozenset({KernelPart.IPTABLES})),
    Mode.IPVS: ModeRequirements(
        frozenset({KernelPart.IPTABLES, KernelPart.IP_VS, KernelPart.IPSET}),
        stages=(
            Stage(ALWAYS, "generally available"),
            Stage((1, 35), "deprecated since 1.35", *DEPRECATED),
            Stage((1, 37), "deprecated since 1.35, behind feature gate KubeProxyIPVS since 1.37", *DEPRECATED),
            Stage(
                (1, 40),
                "off by default since 1.40",
                "kube-proxy refuses the mode unless feature gate KubeProxyIPVS is set, which Kubeproof does not do",
                OFF_OF_IPVS,
                runs=False,
            ),
            Stage((1, 43), "removed in 1.43", "kube-proxy has no ipvs mode any more", OFF_OF_IPVS, runs=False),
        ),
    ),
    Mode.NFTABLES: ModeRequirements(
        frozenset({KernelPart.NF_TABLES}),
        oldest_kernel=(5, 13),  # kubernetes/kubernetes, pkg/util/kernel/constants.go
        stages=(
            Stage(ALWAYS, "not available before 1.29", "kube-proxy lacks the mode", NEWER_FOR_NFTABLES, runs=False),
            Stage(
                (1, 29),
                "alpha",
                "it is off unless feature gate NFTablesProxyMode is set, which Kubeproof does not do",
                NEWER_FOR_NFTABLES,
                runs=False,
            ),
            Stage((1, 31), "beta", "it may differ from the generally available mode", NEWER_FOR_NFTABLES),
            Stage((1, 33), "generally available since 1.33"),
        ),
    ),
}
"""The requirements of every mode."""


def modes_that_need(part: KernelPart) -> frozenset[Mode]:
    """Return the modes whose rules need this part of the kernel."""
    return frozenset(mode for mode, requirements in REQUIREMENTS.items() if part in requirements.kernel_parts)
