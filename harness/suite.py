"""What a suite imports: the words of a case, in one place."""

from __future__ import annotations

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Cluster, Node
from clusters.patience import Patience, host_patience
from clusters.progress import Progress
from clusters.spec import Mode, Substrate
from harness.autoscaling.cpu import Comparison, Reading, compare
from harness.autoscaling.expectation import right_counts, wrong_looks
from harness.autoscaling.metrics_server import MetricsServer
from harness.autoscaling.model import Look
from harness.autoscaling.recorder import AutoscalerRecord
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.modes import open_data_plane
from harness.dataplane.proxies import FeatureGate, Proxies
from harness.dataplane.reader import Backend, DataPlane, ServicePort, ServiceState
from harness.dataplane.services import PROGRAMMED_DEADLINE_S, ServiceHandle, ServiceMaker, service_path, wait_front
from harness.dataplane.shell import ProxyShell
from harness.edge.balancer import LoadBalancer
from harness.edge.ingress import IngressController
from harness.fixtures.cases import ClientMaker, ManifestMaker, ManifestReader, WatchMaker
from harness.fixtures.edge import HaProxyMaker
from harness.fixtures.load import Sweeper
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
from harness.load.adjustable import HttpLoad, steered_load
from harness.load.generator import LoadGenerator
from harness.load.other_generators import Told, Turn, echo_argv, hey_argv, parse_hey, parse_wrk, told_by_us, wrk_argv
from harness.load.plan import Exchange, LoadPlan, Target, TargetBlocks
from harness.load.records import block_medians_us, side_by_side, to_measurement
from harness.performance.baseline import less_floor, slope_less_floor
from harness.performance.capacity import Attempt, attempt_of, search
from harness.performance.capacity import finding as capacity_finding
from harness.performance.dummy_services.count import filling
from harness.performance.growth import Growth, growth
from harness.performance.known_delay import DelayablePath, NoNetem, in_a_row, path_to_pod
from harness.performance.many_endpoints import crowd_backends, crowd_pod, crowd_service
from harness.performance.programming.changes import prepare, subjects
from harness.performance.programming.mass import arrivals, create_all, sample_of, taken_away
from harness.performance.programming.measuring import measure_changes, pace_at
from harness.performance.programming.measuring import measurements as changes_measured
from harness.performance.programming.probes import Probers, Want
from harness.performance.self_check import (
    SelfCheck,
    check_delay,
    check_look_up,
    check_rule_cost,
    check_steps,
    check_twins,
)
from harness.performance.self_check import finding as self_check
from harness.performance.sweep.measuring import NEAR, measure
from harness.performance.sweep.proxy_cost import finding as cost_finding
from harness.performance.sweep.run import sweep, with_youngest
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step, rule_cost_finding, sound
from harness.performance.under_change import Meanwhile, meanwhile
from harness.registry.accesslog import Asked
from harness.registry.server import Registry
from harness.run.claims import ClaimRecorder
from harness.run.decision import Decision, conditional, confirmed, refuted, untested
from harness.statistics.comparison import Contrast, Range, in_words, range_of
from harness.statistics.difference import quantile_difference
from harness.statistics.sequence import sequence_statistics
from harness.statistics.slope import robust_slope
from harness.traffic.client import Client
from harness.traffic.outside import OutsideClient
from harness.traffic.persistent import held_connections
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
    "Backend",
    "ClaimRecorder",
    "Client",
    "ClientMaker",
    "Cluster",
    "Comparison",
    "Contrast",
    "ControlPlane",
    "DataPlane",
    "Decision",
    "DelayablePath",
    "Etcd",
    "Exchange",
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
    "Look",
    "ManifestMaker",
    "ManifestReader",
    "Meanwhile",
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
    "Request",
    "SelfCheck",
    "ServiceHandle",
    "ServiceMaker",
    "ServicePort",
    "ServiceState",
    "StaticPods",
    "Step",
    "Substrate",
    "SweepPlan",
    "SweepSetting",
    "Sweeper",
    "Target",
    "TargetBlocks",
    "Told",
    "Turn",
    "Waits",
    "Want",
    "WatchEvent",
    "WatchMaker",
    "WatchRecorder",
    "arrivals",
    "attempt_of",
    "block_medians_us",
    "bodies",
    "capacity_finding",
    "changes_measured",
    "check_delay",
    "check_look_up",
    "check_rule_cost",
    "check_steps",
    "check_twins",
    "compare",
    "condition_of",
    "conditional",
    "confirmed",
    "cost_finding",
    "create_all",
    "crowd_backends",
    "crowd_pod",
    "crowd_service",
    "delayed",
    "echo_argv",
    "evict",
    "filling",
    "growth",
    "held_connections",
    "hey_argv",
    "host_patience",
    "in_a_row",
    "in_words",
    "is_ready",
    "left_out",
    "less_floor",
    "listed",
    "meanwhile",
    "measure",
    "measure_changes",
    "nodes_of",
    "observe_within",
    "open_data_plane",
    "pace_at",
    "parse_hey",
    "parse_wrk",
    "path_to_pod",
    "prepare",
    "quantile_difference",
    "range_of",
    "refused_fields",
    "refuted",
    "restarts",
    "right_counts",
    "robust_slope",
    "rule_cost_finding",
    "sample_of",
    "search",
    "self_check",
    "sequence_statistics",
    "service",
    "service_path",
    "side_by_side",
    "slope_less_floor",
    "sound",
    "spare_worker",
    "steady_traffic",
    "steered_load",
    "subjects",
    "sweep",
    "taken_away",
    "to_measurement",
    "told_by_us",
    "unschedulable",
    "untested",
    "update_template",
    "wait_front",
    "wait_until",
    "with_youngest",
    "wrk_argv",
    "wrong_looks",
]
