"""What a provider of kind clusters says and leaves behind if a creation fails."""

import json

import pytest
import yaml

from clusters.engine import Engine
from clusters.errors import ClusterNotReady, NameTaken
from clusters.kind.addons import subnet
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.host.kindprovider import STOCK, provider, working
from tests.fakes.host.stocknodes import KIND_FAILS
from tests.fakes.progress import SilentProgress


def test_a_cluster_in_another_mode_than_the_requested_one_is_removed(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind, mode="nftables")
    with pytest.raises(ClusterNotReady, match="runs in mode 'nftables', expected iptables"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert commands.asked_for("docker rm")
    assert commands.asked_for(f"docker network rm {STOCK.name}")


def test_a_failed_creation_is_an_error_of_one_line_and_leaves_nothing_behind(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind, {"kind create": KIND_FAILS})
    with pytest.raises(ClusterNotReady, match="kind did not create cluster") as caught:
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert "\n" not in str(caught.value)
    assert commands.asked_for(f"docker network rm {STOCK.name}")


def test_the_error_of_a_failed_creation_is_kinds_even_if_no_log_can_be_exported(tmp_path, installed_kind):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "failed").touch()
    commands = working(STOCK, installed_kind, {"kind create": WAITED})
    with pytest.raises(ClusterNotReady, match="failed to init node") as caught:
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert "the nodes' logs could not be exported: logs cannot be written to" in caught.value.remedy
    assert "KUBEPROOF_PATIENCE=2" in caught.value.remedy


def limits_s(commands):
    """Return the time limits of all commands except `kind version`, which needs no cluster."""
    return [
        timeout_s
        for (argv, _), timeout_s in zip(commands.calls, commands.timeouts_s, strict=True)
        if argv[1] != "version"
    ]


def kubectl_limits(commands):
    """Return the time limits that were passed to kubectl."""
    return {word for argv, _ in commands.calls for word in argv if word.startswith("--timeout=")}


WAITED = failing(
    "kind create cluster",
    "ERROR: failed to create cluster: failed to init node with kubeadm: exit status 1\n\nCommand Output: [init] Using\n"
    "error: error execution phase wait-control-plane: the API server did not answer\n"
    "runtime.goexit\n\truntime/asm_amd64.s:1771\n",
)


def test_the_error_has_kinds_message_kubeadms_phase_and_a_remedy(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind, {"kind create": WAITED})
    with pytest.raises(ClusterNotReady) as caught:
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    message = str(caught.value)
    assert f"{STOCK.name}: failed to create cluster: failed to init node" in message
    assert "error execution phase wait-control-plane: the API server did not answer" in message
    assert "asm_amd64" not in message
    assert str(tmp_path / "state" / "failed" / STOCK.name) in message
    assert "KUBEPROOF_PATIENCE=2" in message
    assert "\n" not in message
    assert "asm_amd64" in caught.value.detail


def test_patience_is_advised_only_if_the_host_may_be_slow(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind, {"kind create": KIND_FAILS})
    with pytest.raises(ClusterNotReady) as caught:
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert "PATIENCE" not in str(caught.value)


def test_the_error_about_an_image_that_cannot_be_loaded_quotes_kind(tmp_path, installed_kind):
    stderr = "ERROR: failed to load image: exit status 1\n\nCommand Output: ctr: no space left on device\n\n"
    commands = working(STOCK, installed_kind, {"kind load": failing("kind load", stderr)})
    with pytest.raises(ClusterNotReady, match=r"failed to load image: exit status 1: ctr: no space left on device"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())


def test_the_error_about_an_add_on_that_is_not_ready_has_the_limit_and_a_remedy(tmp_path, installed_kind):
    rollout = f"docker exec {STOCK.name}-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf rollout"
    late = failing(rollout, "error: timed out waiting for the condition")
    commands = working(STOCK, installed_kind, {rollout: late})
    with pytest.raises(ClusterNotReady, match=r"kube-proxy not seen within 360 s.*KUBEPROOF_PATIENCE=4 doubles"):
        provider(commands, tmp_path, patience=2).create(STOCK, SilentProgress())


def test_the_error_about_an_add_on_that_is_not_ready_survives_a_cluster_whose_pods_cannot_be_listed(
    tmp_path, installed_kind
):
    kubectl = f"docker exec {STOCK.name}-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf"
    script = {
        f"{kubectl} rollout": failing("kubectl rollout", "error: timed out waiting for the condition"),
        f"{kubectl} get pods": failing("kubectl get pods", "connection refused"),
    }
    with pytest.raises(ClusterNotReady, match="kube-proxy not seen within 180 s") as caught:
        provider(working(STOCK, installed_kind, script), tmp_path).create(STOCK, SilentProgress())
    assert "timed out waiting" in caught.value.detail
    assert "connection refused" in caught.value.detail


@pytest.mark.parametrize(
    "networks", [[], [{"IPAM": {"Config": [{"Subnet": "fd00::/64"}]}}], [{"IPAM": {"Config": None}}]]
)
def test_a_network_without_an_ipv4_subnet_is_an_environment_error(networks):
    commands = ScriptedCommands({"docker network ls": "one", "docker network inspect": json.dumps(networks)})
    with pytest.raises(ClusterNotReady, match=f"container network {STOCK.name} has no IPv4 subnet"):
        subnet(Engine(commands), STOCK.name)


def test_the_engines_patience_multiplies_every_limit_of_set_up(tmp_path, installed_kind):
    usual, patient = working(STOCK, installed_kind), working(STOCK, installed_kind)
    provider(usual, tmp_path).create(STOCK, SilentProgress())
    provider(patient, tmp_path, patience=3).create(STOCK, SilentProgress())
    assert limits_s(patient) == [3 * limit_s for limit_s in limits_s(usual)]
    assert (kubectl_limits(usual), kubectl_limits(patient)) == ({"--timeout=180s"}, {"--timeout=540s"})
    (config,) = [stdin for argv, stdin in patient.calls if argv[1:3] == ("create", "cluster")]
    assert "kubernetesAPICall: 900s" in "".join(yaml.safe_load(config)["kubeadmConfigPatches"])


def test_a_network_of_the_clusters_name_that_is_not_ours_stays(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    commands.there = True
    with pytest.raises(NameTaken, match="without a label of Kubeproof"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == []
