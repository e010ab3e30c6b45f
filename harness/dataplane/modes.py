"""The data plane of each mode: its reader, and how a new connection finds its Service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clusters.cluster import Node
from clusters.errors import CommandFailed
from clusters.spec import Mode
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.ipvs_kernel import why_no_ipvs
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


TRY_NFTABLES = ("nft", "--check", "add", "table", "ip", "kubeproof")
"""Fails on a kernel without nf_tables for IPv4, such as Debian's user-mode Linux, and changes nothing."""


def why_not_in_kernel(mode: Mode, shell: ProxyShell, node: Node) -> str | None:
    """Return why the node's kernel cannot hold the rules of a mode, or None. Every kernel here holds those of iptables.

    Raises `WorldError` if the kernel has ip_vs, but nothing can read it.
    """
    if mode is Mode.IPVS:
        return why_no_ipvs(shell, node)
    if mode is Mode.NFTABLES:
        try:
            shell.run(node, *TRY_NFTABLES)
        except CommandFailed as failed:
            return f"the kernel of node {node.name} has no nf_tables: {' '.join(failed.stderr.split())}"
    return None


def mode_to_switch_to(mode: Mode, shell: ProxyShell, node: Node) -> Mode:
    """Return another mode, which the node's kernel can hold, for a case that switches a kube-proxy there and back."""
    others = (other for other in TO_SWITCH_TO if other is not mode)
    return next(other for other in others if why_not_in_kernel(other, shell, node) is None)
