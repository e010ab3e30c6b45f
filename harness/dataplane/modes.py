"""The choice of the data plane reader for a cluster's mode."""

from __future__ import annotations

from clusters.spec import Mode
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.nftables import NftablesDataPlane
from harness.dataplane.reader import DataPlane
from harness.dataplane.shell import ProxyShell


def open_data_plane(mode: Mode, shell: ProxyShell) -> DataPlane:
    """Return the reader for `mode`."""
    match mode:
        case Mode.IPTABLES:
            return IptablesDataPlane(shell)
        case Mode.IPVS:
            return IpvsDataPlane(shell)
        case Mode.NFTABLES:
            return NftablesDataPlane(shell)
