"""Creation of a kind cluster, against a fake engine."""

from dataclasses import replace

import pytest

from clusters.errors import HostUnfit, UsageError
from clusters.images.recipes import stock_book
from tests.fakes.host.commands import failing
from tests.fakes.host.kindprovider import LOCK, STOCK, provider, working
from tests.fakes.progress import SilentProgress


def test_a_stock_cluster_uses_images_of_registries_by_digest(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    cluster = provider(commands, tmp_path).create(STOCK, SilentProgress())
    stock = stock_book(LOCK, LOCK.release(None))
    assert stock.ipvs_node.base == LOCK.release(None).node_image
    (create,) = commands.asked_for(f"{installed_kind} create cluster")
    assert f"--image={stock.ipvs_node.tag}" in create
    assert cluster.images.agnhost == LOCK.agnhost_image
    assert "@sha256:" in cluster.images.agnhost


def test_an_installed_kind_whose_configuration_kubeadm_cannot_read_is_not_used(tmp_path, installed_kind):
    old = working(STOCK, installed_kind, {"kind version": "kind v0.31.0 go1.25.5 linux/amd64"})
    progress = SilentProgress()
    with pytest.raises(HostUnfit, match=r"writes kubeadm\.k8s\.io/v1beta3, and kubeadm 1\.37 reads v1beta4"):
        provider(old, tmp_path).create(STOCK, progress)
    assert old.asked_for(f"{installed_kind} create cluster") == []
    assert [note for note in progress.notes if "cannot be used" in note]


def test_the_clusters_version_is_the_one_that_the_api_server_reports(tmp_path, installed_kind):
    cluster = provider(working(STOCK, installed_kind), tmp_path).create(STOCK, SilentProgress())
    assert cluster.kubernetes == "1.37.0"


def test_a_progress_step_names_the_version_that_runs(tmp_path, installed_kind):
    progress = SilentProgress()
    provider(working(STOCK, installed_kind), tmp_path).create(STOCK, progress)
    assert [step for step in progress.steps if step.endswith("Kubernetes 1.37.0")]


def test_a_version_that_the_source_does_not_have_is_a_usage_error(tmp_path, installed_kind):
    spec = replace(STOCK, kubernetes="1.37.2")
    commands = working(spec, installed_kind)
    with pytest.raises(UsageError, match=r"source registry has no Kubernetes 1\.37\.2.*it has 1\.37\.0"):
        provider(commands, tmp_path).create(spec, SilentProgress())
    assert commands.asked_for("docker network create") == []


def test_the_environment_has_the_versions_of_kube_proxys_programs_and_of_the_nodes(tmp_path, installed_kind):
    in_proxy = (
        f"docker exec {STOCK.name}-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf "
        "exec --namespace=kube-system daemonset/kube-proxy --"
    )
    script = {
        f"{in_proxy} nft": "nftables v1.0.6 (Lester Gooch #5)\n",
        f"{in_proxy} iptables": failing("iptables", "not found"),
        f"docker exec {STOCK.name}-worker2 nft": "nftables v1.1.3 (Commodore Bullmoose #4)\n",
    }
    cluster = provider(working(STOCK, installed_kind, script), tmp_path).create(STOCK, SilentProgress())
    assert cluster.environment["nft of kube-proxy"] == "nftables v1.0.6 (Lester Gooch #5)"
    assert cluster.environment["nft of the node"] == "nftables v1.1.3 (Commodore Bullmoose #4)"
    assert cluster.environment["iptables of kube-proxy"].startswith("could not be read")


def test_the_metrics_api_is_registered_only_after_metrics_server_is_ready(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    provider(commands, tmp_path).create(STOCK, SilentProgress())
    served = [number for number, (argv, _) in enumerate(commands.calls) if "deployment/metrics-server" in argv]
    registered = [number for number, (_, stdin) in enumerate(commands.calls) if "kind: APIService" in (stdin or "")]
    assert served < registered, "otherwise the API server would check it less and less often"
    assert (len(served), len(registered)) == (1, 1)


def test_the_pod_network_is_installed_after_every_node_has_a_pod_cidr(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    provider(commands, tmp_path).create(STOCK, SilentProgress())
    waited = [number for number, (argv, _) in enumerate(commands.calls) if "--for=jsonpath={.spec.podCIDR}" in argv]
    read = [number for number, (argv, _) in enumerate(commands.calls) if argv[-3:] == ("get", "nodes", "--output=json")]
    assert waited
    assert waited < read


def test_stock_nodes_keep_their_own_pod_network_and_get_the_leak_guard(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    provider(commands, tmp_path).create(STOCK, SilentProgress())
    scripts = [script for argv, script in commands.calls if argv[-2:] == ("bash", "-eu")]
    assert len([script for script in scripts if "guard.nft" in script]) == 3
    assert not [script for script in scripts if "/etc/cni" in script]
