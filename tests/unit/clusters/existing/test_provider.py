"""Tests of the provider of an existing cluster."""

from pathlib import Path

import pytest

from clusters.cluster import Cluster, Role
from clusters.errors import (
    ClusterNotReady,
    ClusterUnreachable,
    CommandFailed,
    ImageUnavailable,
    Refused,
    UsageError,
    WorldError,
)
from clusters.existing import ExistingProvider
from clusters.existing.toolspod import tools_pod_name
from clusters.spec import Mode
from tests.fakes.cluster.api import FakeApi
from tests.fakes.host.images import CASE_IMAGES
from tests.fakes.progress import SilentProgress

KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: staging, context: {cluster: c, user: u}}
- {name: production, context: {cluster: c, user: u}}
current-context: production
"""


def provider(api=None, *, allow_disruptive=False):
    return ExistingProvider(Path("kubeconfig"), "staging", api or FakeApi(), CASE_IMAGES, allow_disruptive)


def test_an_unknown_context_is_a_usage_error_that_lists_the_contexts(tmp_path):
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG)
    with pytest.raises(UsageError, match=r"no context 'test' \(there are: staging, production\)"):
        ExistingProvider.of(file, "test", CASE_IMAGES)
    assert ExistingProvider.of(file, "staging", CASE_IMAGES).context == "staging"


@pytest.mark.parametrize("content", ["", "[]", "contexts: ["])
def test_a_file_that_is_not_a_kubeconfig_is_a_usage_error(tmp_path, content):
    file = tmp_path / "kubeconfig"
    file.write_text(content)
    with pytest.raises(UsageError) as refusal:
        ExistingProvider.of(file, "staging", CASE_IMAGES)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "rest",
    [
        "{name: s, context: 5}]",
        "{name: s, context: {cluster: c}}]\nclusters: 5",
        "{name: s, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 5}}]",
        "{name: s, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: h}}]\nusers: [{name: u, user: 5}]",
    ],
)
def test_a_context_with_malformed_entries_is_a_usage_error(tmp_path, rest):
    file = tmp_path / "kubeconfig"
    file.write_text(f"contexts: [{rest}")
    with pytest.raises(UsageError, match="is unusable") as refusal:
        ExistingProvider.of(file, "s", CASE_IMAGES)
    assert "\n" not in str(refusal.value)


def test_a_missing_kubeconfig_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="there is no kubeconfig"):
        ExistingProvider.of(tmp_path / "absent", "staging", CASE_IMAGES)


def test_a_context_whose_cluster_is_missing_is_a_usage_error(tmp_path):
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG.replace("name: c,", "name: other,"))
    with pytest.raises(UsageError, match=r"context staging of kubeconfig .* is unusable"):
        ExistingProvider.of(file, "staging", CASE_IMAGES)


def test_the_description_has_the_clusters_properties():
    cluster = provider().describe()
    assert (cluster.name, cluster.mode, cluster.kubernetes) == ("staging", Mode.IPTABLES, "1.36.1")
    assert [(node.role, node.address) for node in cluster.nodes] == [
        (Role.CONTROL_PLANE, "10.0.0.0"),
        (Role.WORKER, "10.0.0.1"),
        (Role.WORKER, "10.0.0.2"),
    ]
    assert (cluster.service_cidr, cluster.pod_cidr, cluster.network) == ("10.96.0.0/12", "10.244.0.0/16", None)
    assert not cluster.owned
    assert cluster.source is None, "the origin of its images is not known"
    assert cluster.environment["kube-proxy image"] == "kube-proxy:v1.36.1"
    assert Cluster.from_json(cluster.to_json()) == cluster


def test_the_pod_cidr_is_derived_from_the_nodes_if_kube_proxy_has_none():
    assert provider(FakeApi(config="mode: iptables")).describe().pod_cidr == "10.244.0.0/22"


def test_programs_on_nodes_are_refused_without_permission():
    api = FakeApi()
    cluster = provider(api).describe()
    with pytest.raises(Refused, match="--allow-disruptive"):
        provider(api).run_on_node(cluster, cluster.nodes[1], ("reboot",))
    assert "reboot" not in str(api.programs)
    assert api.created == []


def test_a_program_on_a_node_runs_in_a_pod_that_is_removed_afterwards():
    api = FakeApi()
    allowed = provider(api, allow_disruptive=True)
    cluster = allowed.describe()
    assert allowed.run_on_node(cluster, cluster.nodes[1], ("uptime",)).stdout == "done"
    pod, argv = api.programs[-1]
    assert pod.startswith("kubeproof-node-")
    assert argv[-1] == "uptime"
    assert api.node_pods == []


def test_the_pod_of_a_program_on_a_node_is_removed_even_if_the_program_fails():
    api = FakeApi()
    allowed = provider(api, allow_disruptive=True)
    cluster = allowed.describe()
    api.exec_failure = CommandFailed(("false",), 1, "", "")
    with pytest.raises(CommandFailed):
        allowed.run_on_node(cluster, cluster.nodes[1], ("false",))
    assert api.node_pods == []


@pytest.mark.parametrize("failure", [ClusterUnreachable("no answer"), KeyboardInterrupt()], ids=repr)
def test_the_pod_of_a_program_on_a_node_is_removed_if_the_wait_for_its_start_is_broken_off(failure):
    api = FakeApi()
    allowed = provider(api, allow_disruptive=True)
    cluster = allowed.describe()
    api.start_failure = failure
    with pytest.raises(type(failure)):
        allowed.run_on_node(cluster, cluster.nodes[1], ("uptime",))
    assert api.node_pods == []


def test_kube_proxys_rules_are_read_in_the_tools_pod_of_its_node():
    api = FakeApi()
    existing = provider(api)
    cluster = existing.describe()
    api.programs.clear()
    existing.run_by_proxy(cluster, cluster.nodes[2], ("conntrack", "-S"))
    assert api.programs == [(tools_pod_name("worker2"), ("conntrack", "-S"))]
    ((place, _), pod), *others = api.started.items()
    assert not others
    assert (place, pod["spec"]["nodeName"]) == (cluster.namespace, "worker2")


def test_a_node_without_kube_proxy_is_an_error():
    api = FakeApi(proxies=("control-plane",))
    existing = provider(api)
    cluster = existing.describe()
    with pytest.raises(ClusterNotReady, match="node worker of cluster staging runs 0 kube-proxy pods"):
        existing.run_by_proxy(cluster, cluster.nodes[1], ("iptables-save",))


def test_the_logs_of_kube_proxy_are_exported(tmp_path):
    api = FakeApi(logs={"worker": "hello"})
    provider(api).export_logs(provider(api).describe(), tmp_path / "logs")
    assert (tmp_path / "logs" / "worker-kube-proxy.log").read_text() == "hello"


def test_logs_that_cannot_be_written_are_an_environment_error(tmp_path):
    logs = tmp_path / "logs"
    logs.touch()
    with pytest.raises(WorldError, match=f"logs cannot be written to {logs}: .*File exists"):
        provider().export_logs(provider().describe(), logs)


def test_the_environment_has_the_versions_of_kube_proxy_the_nodes_and_the_tools_pods():
    api = FakeApi(
        answers={
            ("kube-proxy-worker2", "iptables"): "iptables v1.8.9 (nf_tables)\n",
            ("kube-proxy-worker2", "nft"): "nftables v1.0.6 (Lester Gooch #5)\n",
            (tools_pod_name("worker"), "nft"): "nftables v1.1.3 (Commodore Bullmoose #4)\n",
        }
    )
    existing = provider(api)
    cluster = existing.describe()
    environment = cluster.environment
    assert environment["iptables of kube-proxy"] == "iptables v1.8.9 (nf_tables)"
    assert environment["nft of kube-proxy"] == "nftables v1.0.6 (Lester Gooch #5)"
    assert environment["nft of the node"] == "not read without --allow-disruptive"
    assert existing.closing_facts(cluster) == {}, "no tools pod was needed"
    existing.tools.start("worker")
    assert existing.closing_facts(cluster)["nft of the tools pod"] == "nftables v1.1.3 (Commodore Bullmoose #4)"


def test_a_kube_proxy_image_without_nft_is_recorded_and_no_error():
    absent = CommandFailed(("nft",), -1, "", 'exec: "nft": executable file not found in $PATH')
    environment = provider(FakeApi(answers={("kube-proxy-worker2", "nft"): absent})).describe().environment
    assert environment["nft of kube-proxy"] == "its image has no nft"


def test_the_versions_of_a_nodes_programs_are_read_with_permission():
    api = FakeApi()
    environment = provider(api, allow_disruptive=True).describe().environment
    assert environment["nft of the node"] == "done"
    assert api.node_pods == []


def test_a_release_removes_everything_that_the_run_created():
    api = FakeApi()
    existing = provider(api)
    cluster = existing.open()
    existing.require_images(cluster, frozenset(("agnhost", "load", "tools")), SilentProgress())
    assert sorted(name for _, name in api.started) == sorted(tools_pod_name(node.name) for node in cluster.nodes)
    existing.release(cluster, SilentProgress())
    assert api.started == api.existing_namespaces == {}


def test_only_required_images_are_pulled():
    api = FakeApi(refused={("worker", "load"): ("InvalidImageName", "no")})
    existing = provider(api)
    cluster = existing.open()
    existing.require_images(cluster, frozenset(("agnhost",)), SilentProgress())
    with pytest.raises(ImageUnavailable, match="node worker of cluster staging cannot pull image load"):
        existing.require_images(cluster, frozenset(("agnhost", "load")), SilentProgress())


def test_all_processes_of_a_run_use_the_same_pods():
    api = FakeApi()
    first = provider(api)
    cluster = Cluster.from_json(first.describe().to_json())
    first.tools.start("worker")
    second = ExistingProvider(Path("kubeconfig"), "staging", api, CASE_IMAGES, namespace=cluster.namespace)
    second.run_by_proxy(cluster, cluster.nodes[1], ("ipset", "list"))
    assert list(api.started) == [(cluster.namespace, tools_pod_name("worker"))]
