"""The names that suites import."""

from __future__ import annotations

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Cluster, Node
from clusters.patience import Patience, host_patience
from clusters.progress import Progress
from clusters.spec import Mode, Substrate
from harness.autoscaling.cpu import CpuComparison, Reading, compare_cpu
from harness.autoscaling.expectation import right_counts, wrong_samples
from harness.autoscaling.metrics_server import MetricsServer
from harness.autoscaling.model import AutoscalerSample
from harness.autoscaling.recorder import AutoscalerRecord
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.modes import open_data_plane
from harness.dataplane.proxies import FeatureGate, Proxies
from harness.dataplane.reader import Backend, DataPlane, ServiceAddress, ServiceState
from harness.dataplane.services import PROGRAMMED_DEADLINE_S, ServiceHandle, ServiceMaker, service_path, wait_backends
from harness.dataplane.shell import ProxyShell
from harness.edge.balancer import LoadBalancer
from harness.edge.ingress import IngressController
from harness.fixtures.clients import ClientMaker
from harness.fixtures.edge import HaProxyMaker
from harness.fixtures.load import Sweeper
from harness.fixtures.namespace import ManifestMaker, ManifestReader, WatchMaker
from harness.kube.client import Kube
from harness.kube.nodes.changes import NodeChanger, evict, nodes_of, spare_worker
from harness.kube.nodes.control_plane import ControlPlane
from harness.kube.nodes.etcd import Etcd
from harness.kube.nodes.shell import NodeServices, NodeShell, NodeUplinks, StaticPods
from harness.kube.objects.rollout import update_template
from harness.kube.objects.workloads import service
from harness.kube.observe import Observation, observe_within
from harness.kube.refusals import left_out, refused_fields
from harness.kube.wait import Waits, condition_of, is_ready, restarts, unschedulable, wait_until
from harness.kube.watch import WatchEvent, WatchRecorder
from harness.load.adjustable import HttpLoad, adjustable_load
from harness.load.generator import LoadGenerator
from harness.load.other_generators import (
    Reported,
    Turn,
    echo_argv,
    hey_argv,
    parse_hey,
    parse_wrk,
    reported_by_us,
    wrk_argv,
)
from harness.load.plan import LoadPlan, RequestKind, Target, TargetBlocks
from harness.load.records import block_medians_us, side_by_side, to_measurement
from harness.performance.baseline import baseline_corrected, baseline_corrected_slope
from harness.performance.capacity import Attempt, attempt_of, search
from harness.performance.capacity import finding as capacity_finding
from harness.performance.dummy_services.count import dummy_services
from harness.performance.growth import Growth, growth
from harness.performance.known_delay import DelayablePath, NoNetem, in_a_row, path_to_pod
from harness.performance.many_endpoints import many_endpoints_backends, many_endpoints_pod, many_endpoints_service
from harness.performance.programming.changes import prepare, subjects
from harness.performance.programming.mass import arrivals, create_all, sample_of, taken_away
from harness.performance.programming.measuring import measure_changes, pace_at
from harness.performance.programming.measuring import measurements as changes_measured
from harness.performance.programming.probes import Probers, Want
from harness.performance.self_check import (
    SelfCheck,
    check_aa_pairs,
    check_cost_per_rule,
    check_delay,
    check_look_up,
    check_steps,
)
from harness.performance.self_check import finding as self_check
from harness.performance.sweep.measuring import NEAR, measure
from harness.performance.sweep.proxy_cost import finding as cost_finding
from harness.performance.sweep.run import sweep, with_youngest
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step, cost_per_rule_finding, valid_steps
from harness.performance.under_change import TrafficUnderChange, traffic_under_change
from harness.registry.accesslog import Asked
from harness.registry.server import Registry
from harness.run.claims import ClaimRecorder
from harness.run.decision import Decision, conditional, confirmed, refuted, untested
from harness.statistics.comparison import Comparison, Range, in_words, range_of
from harness.statistics.difference import quantile_difference
from harness.statistics.sequence import sequence_statistics
from harness.statistics.slope import robust_slope
from harness.traffic.client import Client
from harness.traffic.outside import OutsideClient
from harness.traffic.persistent import persistent_connections
from harness.traffic.requests import Reply, Request, bodies, delayed
from harness.traffic.steady import steady_traffic
from harness.words import listed
from reports.model import Finding, Measurement

__all__ = [
    "NEAR",
    "PROGRAMMED_DEADLINE_S",
    "ApiException",
    "Asked",
    "Attempt",
    "AutoscalerRecord",
    "AutoscalerSample",
    "Backend",
    "ClaimRecorder",
    "Client",
    "ClientMaker",
    "Cluster",
    "Comparison",
    "ControlPlane",
    "CpuComparison",
    "DataPlane",
    "Decision",
    "DelayablePath",
    "Etcd",
    "FeatureGate",
    "Finding",
    "Growth",
    "HaProxyMaker",
    "HttpLoad",
    "IngressController",
    "IptablesDataPlane",
    "IpvsDataPlane",
    "Kube",
    "LoadBalancer",
    "LoadGenerator",
    "LoadPlan",
    "ManifestMaker",
    "ManifestReader",
    "Measurement",
    "MetricsServer",
    "Mode",
    "NoNetem",
    "Node",
    "NodeChanger",
    "NodeServices",
    "NodeShell",
    "NodeUplinks",
    "Observation",
    "OutsideClient",
    "Patience",
    "Probers",
    "Progress",
    "Proxies",
    "ProxyShell",
    "Range",
    "Reading",
    "Registry",
    "Reply",
    "Reported",
    "Request",
    "RequestKind",
    "SelfCheck",
    "ServiceAddress",
    "ServiceHandle",
    "ServiceMaker",
    "ServiceState",
    "StaticPods",
    "Step",
    "Substrate",
    "SweepPlan",
    "SweepSetting",
    "Sweeper",
    "Target",
    "TargetBlocks",
    "TrafficUnderChange",
    "Turn",
    "Waits",
    "Want",
    "WatchEvent",
    "WatchMaker",
    "WatchRecorder",
    "adjustable_load",
    "arrivals",
    "attempt_of",
    "baseline_corrected",
    "baseline_corrected_slope",
    "block_medians_us",
    "bodies",
    "capacity_finding",
    "changes_measured",
    "check_aa_pairs",
    "check_cost_per_rule",
    "check_delay",
    "check_look_up",
    "check_steps",
    "compare_cpu",
    "condition_of",
    "conditional",
    "confirmed",
    "cost_finding",
    "cost_per_rule_finding",
    "create_all",
    "delayed",
    "dummy_services",
    "echo_argv",
    "evict",
    "growth",
    "hey_argv",
    "host_patience",
    "in_a_row",
    "in_words",
    "is_ready",
    "left_out",
    "listed",
    "many_endpoints_backends",
    "many_endpoints_pod",
    "many_endpoints_service",
    "measure",
    "measure_changes",
    "nodes_of",
    "observe_within",
    "open_data_plane",
    "pace_at",
    "parse_hey",
    "parse_wrk",
    "path_to_pod",
    "persistent_connections",
    "prepare",
    "quantile_difference",
    "range_of",
    "refused_fields",
    "refuted",
    "reported_by_us",
    "restarts",
    "right_counts",
    "robust_slope",
    "sample_of",
    "search",
    "self_check",
    "sequence_statistics",
    "service",
    "service_path",
    "side_by_side",
    "spare_worker",
    "steady_traffic",
    "subjects",
    "sweep",
    "taken_away",
    "to_measurement",
    "traffic_under_change",
    "unschedulable",
    "untested",
    "update_template",
    "valid_steps",
    "wait_backends",
    "wait_until",
    "with_youngest",
    "wrk_argv",
    "wrong_samples",
]
