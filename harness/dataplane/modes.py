"""The data plane of each mode: its reader, and how a new connection finds its Service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clusters.spec import Mode, Substrate, why_not_on
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.nftables import NftablesDataPlane
from harness.dataplane.reader import DataPlane
from harness.dataplane.shell import ProxyShell


@dataclass(frozen=True, slots=True)
class ModeDataPlane:
    """The data plane of a mode.

    `listings` are the commands that print all of its rules, for the evidence of a failed case. `rule_us` is the
    approximate CPU time in microseconds of each rule that a new connection traverses, one per Service, until the rule
    of its own Service matches (docs/results); it is 0 in modes that find a service address by a look-up.
    """

    reader: Callable[[ProxyShell], DataPlane]
    listings: tuple[tuple[str, ...], ...]
    rule_us: float

    @property
    def traverses_rules(self) -> bool:
        """Return whether a new connection traverses a rule per Service, instead of a look-up."""
        return self.rule_us > 0


IPTABLES_SAVE = ("iptables-save", "-c")

DATA_PLANES = {
    Mode.IPTABLES: ModeDataPlane(IptablesDataPlane, (IPTABLES_SAVE,), rule_us=0.1),
    Mode.IPVS: ModeDataPlane(IpvsDataPlane, (("ipvsadm", "-Ln"), ("ipset", "list"), IPTABLES_SAVE), rule_us=0.0),
    Mode.NFTABLES: ModeDataPlane(NftablesDataPlane, (("nft", "list", "table", "ip", "kube-proxy"),), rule_us=0.0),
}
"""The data plane of every mode."""

TO_SWITCH_TO = (Mode.NFTABLES, Mode.IPTABLES, Mode.IPVS)
"""Modes in the order in which cases prefer to switch to them. The one that Kubernetes recommends comes first."""


def open_data_plane(mode: Mode, shell: ProxyShell) -> DataPlane:
    """Return the reader for `mode`."""
    return DATA_PLANES[mode].reader(shell)


def mode_to_switch_to(mode: Mode, substrate: Substrate) -> Mode:
    """Return another mode, which the substrate can run, for a case that switches a kube-proxy from `mode` and back."""
    return next(other for other in TO_SWITCH_TO if other is not mode and why_not_on(substrate, other) is None)
