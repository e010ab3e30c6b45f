import json
from dataclasses import dataclass, field, replace

import pytest
import yaml

from clusters.cluster import Node, Role
from clusters.errors import ClusterNotReady, CommandFailed
from clusters.spec import Substrate
from harness.kube.client import Kube
from harness.kube_proxy.proxies import FeatureGate, Proxies, parse_features
from harness.kube_proxy.usage import Syncs, Usage, parse_syncs, parse_usage
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.apiserver import FakeApiServer, exits, serving

WORKER = Node("worker", Role.WORKER, "172.18.0.3")
OTHER = Node("other", Role.WORKER, "172.18.0.4")
CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/kube-proxy"
PODS = "/api/v1/namespaces/kube-system/pods"
BEFORE = "ipvs:\n  scheduler: rr\nmode: ipvs\n"
FEATURES = """# TYPE kubernetes_feature_enabled gauge
kubernetes_feature_enabled{name="KubeProxyIPVS",stage="DEPRECATED"} 1
kubernetes_feature_enabled{name="NFTablesProxyMode",stage=""} 1
kubernetes_feature_enabled{name="Other",stage="ALPHA"} 0
"""
SYNC = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds{{ip_family="IPv4"}} {}\n'


@dataclass
class ProxyNode:
    """A node whose kube-proxy reads the configuration when its pod is new, and needs a while to start.

    A `frozen` one never reads the configuration again.
    """

    frozen: bool = False
    name: str = "worker"
    config: str = BEFORE
    running: str = BEFORE
    samples: int = 0
    ran_with: list[str] = field(default_factory=list)

    @property
    def pod(self):
        name = f"kube-proxy-{self.name}-{len(self.ran_with)}"
        labels = {"k8s-app": "kube-proxy"}
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        return {"metadata": {"name": name, "uid": name, "labels": labels}, "status": ready}

    def answer(self, asked, body):
        """Answer a request to the API server."""
        match asked.split():
            case ["GET", path] if path == PODS:
                return {"items": [self.pod, {"metadata": {"name": "coredns", "labels": {"k8s-app": "kube-dns"}}}]}
            case ["GET", path] if path == CONFIG_MAP:
                return {"data": {"config.conf": self.config, "kubeconfig.conf": "?"}}
            case ["PATCH", path] if path == CONFIG_MAP:
                self.config = body["data"]["config.conf"]
            case ["DELETE", _]:
                self.running = self.running if self.frozen else self.config
                self.ran_with.append(yaml.safe_load(self.running)["ipvs"]["scheduler"])
                self.samples = 0
        return {}

    def run(self, node, *argv):
        """Answer a command in the node's shell."""
        if argv[-1].endswith("/configz"):
            return json.dumps({"kubeproxy.config.k8s.io": yaml.safe_load(self.running)})
        self.samples += 1
        if self.samples == 1:
            raise CommandFailed(argv, 7, "", "connection refused")
        return SYNC.format("0" if self.samples == 2 else "1.7e+09")


class Answers(dict):
    """Answers of the API server that a node gives."""

    def __init__(self, api, node):
        self._api, self._node = api, node

    def get(self, key, default=None):
        return self._node.answer(key, self._api.bodies[-1])


class ProxyNodes:
    """Several nodes that answer requests to the API server and commands in their shells, by node name."""

    def __init__(self, *names):
        self.nodes = {name: ProxyNode(name=name) for name in names}

    def answer(self, asked, body):
        """Answer a request to the API server: for one node's pods by that node, for the configuration by all."""
        nodes = [node for name, node in self.nodes.items() if f"nodeName%3D{name}" in asked or f"proxy-{name}" in asked]
        answers = [node.answer(asked.partition("?")[0], body) for node in nodes or self.nodes.values()]
        return answers[0]

    def run(self, node, *argv):
        """Answer a command in a node's shell."""
        return self.nodes[node.name].run(node, *argv)


def change_twice(node, directory):
    api = FakeApiServer({})
    api.answers = Answers(api, node)
    with serving(api, directory) as cluster:
        proxies = Proxies(Kube(cluster), node)
        with proxies.changing((WORKER,), "ipvs", "scheduler") as set_scheduler:
            set_scheduler("lc")
            assert proxies.effective(WORKER, "ipvs", "scheduler") == "lc"
            set_scheduler("sh")
            raise KeyError("the case fails")


def test_features_are_parsed_with_their_stage():
    assert parse_features(FEATURES) == {
        "KubeProxyIPVS": FeatureGate("DEPRECATED", True),
        "NFTablesProxyMode": FeatureGate("", True),
        "Other": FeatureGate("ALPHA", False),
    }


def test_syncs_of_all_address_families_are_summed():
    name = "kubeproxy_sync_proxy_rules_duration_seconds"
    page = f"""# TYPE {name} histogram
{name}_bucket{{ip_family="IPv4",le="0.001"}} 7
{name}_sum{{ip_family="IPv4"}} 1.5
{name}_count{{ip_family="IPv4"}} 7
{name}_sum{{ip_family="IPv6"}} 0.25
{name}_count{{ip_family="IPv6"}} 3
kubeproxy_sync_full_proxy_rules_duration_seconds_count{{ip_family="IPv4"}} 2
"""
    assert parse_syncs(page) == Syncs(count=10, total_s=1.75)


def test_a_setting_outside_any_section_is_returned(tmp_path):
    node = ProxyNode()
    with serving(FakeApiServer({}), tmp_path) as cluster:
        assert Proxies(Kube(cluster), node).effective(WORKER, "mode") == "ipvs"


def test_a_setting_is_changed_and_restored_even_if_the_case_fails(tmp_path):
    node = ProxyNode()
    with pytest.raises(KeyError):
        change_twice(node, tmp_path)
    assert node.ran_with == ["lc", "sh", "rr"]
    assert node.config == BEFORE, "the configuration was not restored to the byte"


def test_the_setting_is_changed_and_restored_on_every_node(tmp_path):
    nodes = ProxyNodes("control-plane", "worker")
    api = FakeApiServer({})
    api.answers = Answers(api, nodes)
    with serving(api, tmp_path) as cluster:
        proxies = Proxies(Kube(cluster), nodes)
        with proxies.changing((replace(WORKER, name="control-plane"), WORKER), "ipvs", "scheduler") as set_scheduler:
            set_scheduler("lc")
    assert {name: node.ran_with for name, node in nodes.nodes.items()} == {
        "control-plane": ["lc", "rr"],
        "worker": ["lc", "rr"],
    }


def test_a_proxy_that_ignores_the_setting_is_reported(tmp_path):
    with pytest.raises(AssertionError, match=r"kube-proxy on node worker runs with ipvs\.scheduler rr, expected lc"):
        change_twice(ProxyNode(frozen=True), tmp_path)


PAGE = """
process_cpu_seconds_total 12.25
process_resident_memory_bytes 6.8141056e+07
kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv4"} 1.5
kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} 6
"""
STAT = "611 (kube-proxy) S 1 611 611 0 -1 4194560 905 7 2 0 1024 201 4000 550 20 0 9 0 31 1324605440 16637 184467 1\n"


def test_the_usage_separates_the_process_from_the_programs_it_ran():
    assert parse_usage(STAT, PAGE) == Usage(12.25, 45.5, 68141056, Syncs(6, 1.5))


def test_a_metrics_page_without_the_memory_is_an_error():
    with pytest.raises(ValueError, match="has no process_resident_memory_bytes"):
        parse_usage(STAT, "kubeproxy_other 1\n")


class BusyNode:
    """A node on which these process ids are kube-proxies, one list for each sample; the last one stays."""

    def __init__(self, *samples):
        self._samples = list(samples)

    def run(self, node, *argv):
        if argv[0] == "pgrep":
            processes = self._samples.pop(0) if len(self._samples) > 1 else self._samples[0]
            return "".join(f"{process}\n" for process in processes)
        return STAT if argv == ("cat", "/proc/611/stat") else PAGE


def test_the_usage_of_a_nodes_kube_proxy_is_read_from_its_process(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        assert Proxies(Kube(cluster), BusyNode((611,))).usage(WORKER).programs_cpu_s == 45.5


def test_a_child_of_kube_proxy_between_fork_and_exec_is_not_a_second_kube_proxy(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        proxies = Proxies(Kube(cluster), BusyNode((611, 700), (611, 702), (611,)))
        assert proxies.usage(WORKER, JumpingClock()).programs_cpu_s == 45.5


def test_two_kube_proxies_on_one_node_are_an_error(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        proxies = Proxies(Kube(cluster), BusyNode((611, 612)))
        with pytest.raises(ClusterNotReady, match=r"node worker of cluster \S+ runs 2 kube-proxy processes"):
            proxies.usage(WORKER, JumpingClock())


class RecordingShell:
    """A shell that records the node and the command of each call."""

    def __init__(self):
        self.ran = []

    def run(self, node, *argv):
        self.ran.append((node.name, " ".join(argv)))
        return ""


def test_several_kube_proxies_are_paused_together(tmp_path):
    shell = RecordingShell()
    with serving(FakeApiServer({}), tmp_path) as cluster, Proxies(Kube(cluster), shell).paused(WORKER, OTHER):
        assert [node for node, _ in shell.ran] == ["worker", "other"]
    assert sorted(node for node, _ in shell.ran[2:]) == ["other", "worker"]


def test_a_paused_kube_proxy_is_resumed_even_after_an_error(tmp_path):
    shell = RecordingShell()

    def fail(proxies):
        with proxies.paused(WORKER):
            assert shell.ran == [("worker", "pkill -STOP -x kube-proxy")]
            raise RuntimeError

    with serving(FakeApiServer({}), tmp_path) as cluster, pytest.raises(RuntimeError):
        fail(Proxies(Kube(cluster), shell))
    assert shell.ran[1:] == [("worker", "pkill -CONT -x kube-proxy")]


class SignalRecordingShell:
    """A node's shell that records signals to kube-proxy among the requests to the API server."""

    def __init__(self, api, node):
        self.api, self.node = api, node

    def run(self, node, *argv):
        if argv[0] == "pkill":
            self.api.asked.append(" ".join(argv))
            return ""
        return self.node.run(node, *argv)


def test_a_cold_start_pauses_the_old_kube_proxy_before_it_removes_the_rules(tmp_path):
    cleaned = []
    api = FakeApiServer({}, lambda run: (cleaned.append(run.argv), run.end(exits(0))))
    node = ProxyNode()
    api.answers = Answers(api, node)
    with serving(api, tmp_path) as cluster:
        Proxies(Kube(cluster), SignalRecordingShell(api, node)).start_cold(WORKER)
    assert cleaned == [["kube-proxy", "--cleanup"]]
    steps = ("pkill -STOP", "/exec", "DELETE", "pkill -CONT")
    asked = [line for line in api.asked if any(step in line for step in steps)]
    assert [next(step for step in steps if step in line) for line in asked] == list(steps)
    assert "gracePeriodSeconds=1" in asked[2], "a paused process ignores SIGTERM and needs the SIGKILL soon"


def test_a_cold_start_in_user_mode_linux_only_restarts_the_proxy(tmp_path):
    api, node = FakeApiServer({}), ProxyNode()
    api.answers = Answers(api, node)
    with serving(api, tmp_path) as cluster:
        Proxies(Kube(replace(cluster, substrate=Substrate.UML)), SignalRecordingShell(api, node)).start_cold(WORKER)
    assert [line for line in api.asked if line.startswith(("pkill", "DELETE"))] == [
        f"DELETE {PODS}/kube-proxy-worker-0"
    ]
