"""Checks of a Kubernetes version against a mode.

Sources in kubernetes/kubernetes: pkg/features/kube_features.go for the feature gates KubeProxyIPVS and
NFTablesProxyMode, and kube-proxy's message about ipvs in cmd/kube-proxy/app/server_linux.go.
"""

from __future__ import annotations

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.spec import Mode, Source

IPVS_DEPRECATED, IPVS_GATE, IPVS_OFF, IPVS_REMOVED = (1, 35), (1, 37), (1, 40), (1, 43)
NFTABLES_ALPHA, NFTABLES_BETA, NFTABLES_GA = (1, 29), (1, 31), (1, 33)

IN_IPVS = frozenset({Mode.IPVS})
IN_NFTABLES = frozenset({Mode.NFTABLES})


def check_kubernetes(facts: Facts) -> tuple[Check, ...]:
    """Check that the version is available and its kube-proxy has the modes. Raises `UsageError` if it is invalid."""
    return (_in_lock(facts), _ipvs(facts.minor), _nftables(facts.minor))


def _in_lock(facts: Facts) -> Check:
    if facts.release is not None:
        built, stock = facts.version_of(Source.BUILT), facts.version_of(Source.REGISTRY)
        seen = built if built == stock else f"{built} by source built, {stock} by source registry"
        return Check("Kubernetes version", Verdict.OK, seen)
    known = ", ".join(release.version for release in facts.lock.releases)
    return Check(
        "Kubernetes version",
        Verdict.UNFIT,
        f"{facts.kubernetes} is not in the lock file",
        "there are no images of it to pull, and no recipes to build them",
        f"there are: {known}",
    )


def _ipvs(minor: tuple[int, int]) -> Check:
    name = f"ipvs in Kubernetes {minor[0]}.{minor[1]}"
    advice = "move to nftables, or stay on an older Kubernetes"
    if minor >= IPVS_REMOVED:
        return Check(name, Verdict.UNFIT, "removed in 1.43", "kube-proxy has no ipvs mode any more", advice, IN_IPVS)
    if minor >= IPVS_OFF:
        cause = "kube-proxy refuses the mode unless feature gate KubeProxyIPVS is set, which Kubeproof does not do"
        return Check(name, Verdict.UNFIT, "off by default since 1.40", cause, advice, IN_IPVS)
    if minor >= IPVS_DEPRECATED:
        gate = ", behind feature gate KubeProxyIPVS since 1.37" if minor >= IPVS_GATE else ""
        cause = "it will be off by default in 1.40 and removed in 1.43"
        return Check(name, Verdict.WARNING, f"deprecated since 1.35{gate}", cause, "plan the move to nftables", IN_IPVS)
    return Check(name, Verdict.OK, "generally available", modes=IN_IPVS)


def _nftables(minor: tuple[int, int]) -> Check:
    name = f"nftables in Kubernetes {minor[0]}.{minor[1]}"
    newer = "use Kubernetes 1.33 or later"
    if minor < NFTABLES_ALPHA:
        return Check(name, Verdict.UNFIT, "not available before 1.29", "kube-proxy lacks the mode", newer, IN_NFTABLES)
    if minor < NFTABLES_BETA:
        cause = "it is off unless feature gate NFTablesProxyMode is set, which Kubeproof does not do"
        return Check(name, Verdict.UNFIT, "alpha", cause, newer, IN_NFTABLES)
    if minor < NFTABLES_GA:
        return Check(
            name, Verdict.WARNING, "beta", "it may differ from the generally available mode", newer, IN_NFTABLES
        )
    return Check(name, Verdict.OK, "generally available since 1.33", modes=IN_NFTABLES)
