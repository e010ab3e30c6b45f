"""Access to a cluster for cases that measure its kube-proxies."""

from __future__ import annotations

from dataclasses import dataclass

from harness.dataplane.reader import DataPlane
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.nodes.etcd import Etcd
from harness.kube_proxy.proxies import Proxies


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccess:
    """The clients through which a case changes a cluster and reads what its kernels and kube-proxies do.

    `etcd` is the one into which dummy Services may be written directly; None for an existing cluster.
    """

    kube: Kube
    etcd: Etcd | None
    dataplane: DataPlane
    proxies: Proxies
    shell: ProxyShell
