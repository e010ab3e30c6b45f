"""Decisions on the claims about the age of ipvs mode, from a running kube-proxy's feature gates and log."""

from __future__ import annotations

from dataclasses import dataclass

from harness.kube_proxy.proxies import FeatureGate
from harness.suite import Decision, conditional, confirmed, refuted, untested


@dataclass(frozen=True, slots=True)
class ModeAge:
    """What a running kube-proxy reports about ipvs and nftables mode.

    `version` is its Kubernetes minor version, e.g. (1, 37). A gate is None if kube-proxy does not have it. `warning` is
    its log message that ipvs is deprecated, or empty.
    """

    version: tuple[int, ...]
    mode: str
    ipvs: FeatureGate | None
    nftables: FeatureGate | None
    warning: str

    @property
    def in_words(self) -> str:
        release = ".".join(map(str, self.version))
        logged = f" It logged: {self.warning!r}." if self.warning else ""
        return (
            f"kube-proxy {release} in {self.mode} mode has {_gate_in_words('KubeProxyIPVS', self.ipvs)} and "
            f"{_gate_in_words('NFTablesProxyMode', self.nftables)}.{logged}"
        )


NFTABLES_SINCE, NFTABLES_GA = (1, 29), (1, 33)
IPVS_HISTORY = (
    "ipvs mode has been GA since 1.11 and deprecated since 1.35. Its feature gate is off by default from 1.40, and the "
    "mode is removed in 1.43 (KEP-5495)."
)
NFTABLES_HISTORY = "nftables mode was alpha in 1.29 and has been GA since 1.33 (KEP-3866)."


def decide_ipvs_ga(age: ModeAge) -> Decision:
    """1.4: ipvs mode is GA."""
    evidence = f"{age.in_words} {IPVS_HISTORY}"
    if age.ipvs is None and age.mode != "ipvs":
        return untested(f"kube-proxy neither runs in ipvs mode nor has its feature gate. {age.in_words}")
    if age.ipvs is not None and age.ipvs.stage in ("ALPHA", "BETA"):
        return refuted(evidence)
    if age.ipvs is not None and not age.ipvs.enabled:
        return conditional("only if its feature gate, which is off by default, is switched on", evidence)
    if age.warning or (age.ipvs is not None and age.ipvs.stage == "DEPRECATED"):
        return conditional("it is GA and on by default, but deprecated", evidence)
    return confirmed(evidence)


def decide_ipvs_newest(age: ModeAge) -> Decision:
    """1.5: ipvs mode is the newest mode."""
    evidence = f"{age.in_words} {NFTABLES_HISTORY}"
    if age.nftables is not None and not age.nftables.enabled and age.mode != "nftables":
        return conditional("among the modes that are on by default: nftables mode is newer but off", evidence)
    if age.nftables is not None or age.mode == "nftables" or age.version >= NFTABLES_GA:
        return refuted(evidence)
    if age.version < NFTABLES_SINCE:
        return confirmed(evidence)
    return untested(f"kube-proxy's feature gates do not show whether it has nftables mode. {age.in_words}")


def _gate_in_words(name: str, gate: FeatureGate | None) -> str:
    if gate is None:
        return f"no feature gate {name}"
    return f"the feature gate {name} ({gate.stage.lower() or 'GA'}, {'on' if gate.enabled else 'off'})"
