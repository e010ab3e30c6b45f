"""Periods of Kubernetes that are shorter in clusters of our own, so that cases wait less. No claim depends on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clusters.host.patience import Patience


class Component(StrEnum):
    KUBELET = "kubelet"
    CONTROLLER_MANAGER = "kube-controller-manager"


@dataclass(frozen=True, slots=True)
class Period:
    """A period of a component, by the name of its setting or argument, and Kubernetes' default.

    With `patient`, it is a time limit for something that takes longer on a slow host, and the patience multiplies it.
    """

    component: Component
    name: str
    own_s: int
    default_s: int
    patient: bool = False

    def seconds(self, patience: Patience) -> float:
        """Return the period's length on this host."""
        return patience.seconds(self.own_s) if self.patient else self.own_s

    def go_duration(self, patience: Patience) -> str:
        """Return the length as Go writes it in an argument or a configuration file."""
        return f"{self.seconds(patience):.0f}s"


LEASE = Period(Component.KUBELET, "nodeLeaseDurationSeconds", own_s=20, default_s=40)
"""A kubelet renews its node's lease four times in this period; the setting is a number of seconds.

https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
"""

PERIODS = (
    # A node whose kubelet is silent for so long becomes NotReady.
    Period(Component.CONTROLLER_MANAGER, "node-monitor-grace-period", own_s=20, default_s=50, patient=True),
    Period(Component.CONTROLLER_MANAGER, "horizontal-pod-autoscaler-sync-period", own_s=5, default_s=15),
    LEASE,
    # A kubelet looks after each of its pods anew, and so makes a deleted mirror pod again.
    Period(Component.KUBELET, "syncFrequency", own_s=10, default_s=60),
)


def arguments(component: Component, patience: Patience) -> dict[str, str]:
    """Return the component's periods as arguments of its command line, without leading dashes."""
    return {period.name: period.go_duration(patience) for period in PERIODS if period.component is component}


def kubelet_settings(patience: Patience) -> dict[str, object]:
    """Return the kubelet's periods as settings of a KubeletConfiguration."""
    durations = arguments(Component.KUBELET, patience)
    return {**durations, LEASE.name: round(LEASE.seconds(patience))}


def in_words(patience: Patience) -> str:
    """Return all periods, with their defaults, as one line of the environment."""
    return ", ".join(
        f"{period.component} {period.name} {period.go_duration(patience)} (default {period.default_s}s)"
        for period in PERIODS
    )
