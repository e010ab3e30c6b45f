"""What a suite imports: the words of a case, in one place."""

from __future__ import annotations

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Cluster, Node
from clusters.progress import Progress
from harness.claims import ClaimRecorder
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.reader import Backend, DataPlane, ServicePort
from harness.dataplane.shell import ProxyShell
from harness.edge.balancer import LoadBalancer
from harness.edge.ingress import IngressController
from harness.edgefixtures import HaProxyMaker
from harness.fixtures import Client, ClientMaker, ManifestMaker, WatchMaker
from harness.kube.client import Kube
from harness.kube.controlplane import ControlPlane
from harness.kube.nodes import NodeChanger, evict, nodes_of, spare_worker
from harness.kube.nodeshell import NodeServices, NodeUplinks, StaticPods
from harness.kube.requests import Reply, Request, bodies
from harness.kube.rollout import update_template
from harness.kube.services import ServiceHandle, ServiceMaker
from harness.kube.wait import Waits, condition_of, is_ready, restarts, unschedulable, wait_until
from harness.kube.watch import WatchEvent, WatchRecorder
from harness.load.sweep import Step, SweepPlan, SweepSetting, sweep
from harness.measure.growth import Growth, growth
from harness.measure.sequence import SequenceStatistics, sequence_statistics
from harness.outside import OutsideClient
from harness.registry.accesslog import Asked
from harness.registry.server import Registry
from harness.traffic import steady_traffic
from reports.model import Finding, Measurement

__all__ = [
    "ApiException",
    "Asked",
    "Backend",
    "ClaimRecorder",
    "Client",
    "ClientMaker",
    "Cluster",
    "ControlPlane",
    "DataPlane",
    "Finding",
    "Growth",
    "HaProxyMaker",
    "IngressController",
    "IptablesDataPlane",
    "Kube",
    "LoadBalancer",
    "ManifestMaker",
    "Measurement",
    "Node",
    "NodeChanger",
    "NodeServices",
    "NodeUplinks",
    "OutsideClient",
    "Progress",
    "ProxyShell",
    "Registry",
    "Reply",
    "Request",
    "SequenceStatistics",
    "ServiceHandle",
    "ServiceMaker",
    "ServicePort",
    "StaticPods",
    "Step",
    "SweepPlan",
    "SweepSetting",
    "Waits",
    "WatchEvent",
    "WatchMaker",
    "WatchRecorder",
    "bodies",
    "condition_of",
    "evict",
    "growth",
    "is_ready",
    "nodes_of",
    "restarts",
    "sequence_statistics",
    "spare_worker",
    "steady_traffic",
    "sweep",
    "unschedulable",
    "update_template",
    "wait_until",
]
