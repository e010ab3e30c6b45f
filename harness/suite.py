"""What a suite imports: the words of a case, in one place."""

from __future__ import annotations

from clusters.cluster import Cluster, Node
from clusters.progress import Progress
from harness.claims import ClaimRecorder
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.reader import Backend, DataPlane, ServicePort
from harness.dataplane.shell import ProxyShell
from harness.fixtures import Client, ClientMaker
from harness.kube.client import Kube
from harness.kube.requests import Reply, Request, bodies
from harness.kube.services import ServiceHandle, ServiceMaker
from harness.kube.wait import Waits, wait_until
from harness.load.sweep import Step, SweepPlan, SweepSetting, sweep
from harness.measure.growth import growth
from harness.measure.sequence import SequenceStatistics, sequence_statistics
from harness.outside import OutsideClient
from harness.traffic import steady_traffic
from reports.model import Finding, Measurement

__all__ = [
    "Backend",
    "ClaimRecorder",
    "Client",
    "ClientMaker",
    "Cluster",
    "DataPlane",
    "Finding",
    "IptablesDataPlane",
    "Kube",
    "Measurement",
    "Node",
    "OutsideClient",
    "Progress",
    "ProxyShell",
    "Reply",
    "Request",
    "SequenceStatistics",
    "ServiceHandle",
    "ServiceMaker",
    "ServicePort",
    "Step",
    "SweepPlan",
    "SweepSetting",
    "Waits",
    "bodies",
    "growth",
    "sequence_statistics",
    "steady_traffic",
    "sweep",
    "wait_until",
]
