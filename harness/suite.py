"""The names that most suites import. Names that one suite alone needs are imported from their home."""

from __future__ import annotations

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Cluster, Node
from clusters.host.patience import Patience, host_patience
from clusters.host.progress import Progress
from clusters.spec import Mode, Substrate
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.reader import DataPlane, ServiceAddress
from harness.dataplane.services import ServiceHandle, ServiceMaker
from harness.dataplane.shell import ProxyShell
from harness.fixtures.clients import ClientMaker
from harness.fixtures.load import Sweeper
from harness.fixtures.namespace import ManifestMaker, ManifestReader, WatchMaker
from harness.kube.client import Kube
from harness.kube.nodes.changes import NodeChanger, nodes_of, spare_worker
from harness.kube.observe import Observation, observe_within
from harness.kube.refusals import refused_fields
from harness.kube.status import condition_of, is_ready, restarts, unschedulable
from harness.kube.wait import Waits, wait_until
from harness.kube.watch import WatchRecorder
from harness.kube_proxy.proxies import Proxies
from harness.performance.conclusions.growth import growth
from harness.run.claims import ClaimRecorder
from harness.run.decision import Decision, conditional, confirmed, list_of, refuted, untested
from harness.statistics.sequence import sequence_statistics
from harness.traffic.client import Client
from harness.traffic.outside import OutsideClient
from harness.traffic.persistent import persistent_connections
from harness.traffic.requests import Reply, Request, bodies
from harness.traffic.steady import steady_traffic
from reports.model import Finding, Measurement

__all__ = [
    "ApiException",
    "ClaimRecorder",
    "Client",
    "ClientMaker",
    "Cluster",
    "DataPlane",
    "Decision",
    "Finding",
    "IptablesDataPlane",
    "Kube",
    "ManifestMaker",
    "ManifestReader",
    "Measurement",
    "Mode",
    "Node",
    "NodeChanger",
    "Observation",
    "OutsideClient",
    "Patience",
    "Progress",
    "Proxies",
    "ProxyShell",
    "Reply",
    "Request",
    "ServiceAddress",
    "ServiceHandle",
    "ServiceMaker",
    "Substrate",
    "Sweeper",
    "Waits",
    "WatchMaker",
    "WatchRecorder",
    "bodies",
    "condition_of",
    "conditional",
    "confirmed",
    "growth",
    "host_patience",
    "is_ready",
    "list_of",
    "nodes_of",
    "observe_within",
    "persistent_connections",
    "refused_fields",
    "refuted",
    "restarts",
    "sequence_statistics",
    "spare_worker",
    "steady_traffic",
    "unschedulable",
    "untested",
    "wait_until",
]
