"""What a suite imports: the words of a case, in one place."""

from __future__ import annotations

from clusters.cluster import Cluster, Node
from harness.claims import ClaimRecorder
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.reader import Backend, DataPlane, ServicePort
from harness.dataplane.shell import ProxyShell
from harness.fixtures import Client, ClientMaker
from harness.kube.client import Kube
from harness.kube.requests import Reply, Request, bodies
from harness.kube.services import ServiceHandle, ServiceMaker
from harness.kube.wait import Waits, wait_until
from harness.measure.sequence import SequenceStatistics, sequence_statistics
from harness.outside import OutsideClient
from harness.traffic import steady_traffic

__all__ = [
    "Backend",
    "ClaimRecorder",
    "Client",
    "ClientMaker",
    "Cluster",
    "DataPlane",
    "IptablesDataPlane",
    "Kube",
    "Node",
    "OutsideClient",
    "ProxyShell",
    "Reply",
    "Request",
    "SequenceStatistics",
    "ServiceHandle",
    "ServiceMaker",
    "ServicePort",
    "Waits",
    "bodies",
    "sequence_statistics",
    "steady_traffic",
    "wait_until",
]
