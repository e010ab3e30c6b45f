"""Tests of the provider of kind clusters against a fake engine."""

import json
import os
import stat
from dataclasses import replace

import pytest
import yaml

from clusters.addons.guard import FORWARDED, OWN
from clusters.engine import Engine
from clusters.errors import ClusterNotReady, CommandFailed, HostUnfit, NameTaken, UsageError, WorldError
from clusters.host.ownership import CLUSTER_LABEL, KEEP_LABEL, OWNER_LABEL, Owner
from clusters.host.patience import Patience
from clusters.host.processes import HostProcesses
from clusters.images.build.builder import Builder
from clusters.images.build.programs import Programs
from clusters.images.lock import read_lock
from clusters.images.recipes import stock_book
from clusters.kind.addons import subnet
from clusters.kind.images import Images
from clusters.kind.provider import KindProvider
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.host.stocknodes import ADDRESSES, KIND_FAILS, WorkingKind
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
STOCK = ClusterSpec(Mode.IPTABLES, "1.37.0", Source.REGISTRY)


@pytest.fixture(autouse=True)
def installed_kind(tmp_path, monkeypatch):
    """Put a program named kind in the PATH and return its path. Its output is scripted."""
    program = tmp_path / "bin" / "kind"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def provider(commands, tmp_path, patience=1, *, keep=False):
    engine = Engine(commands, Patience(patience))
    programs = Programs(commands, tmp_path)
    return KindProvider(
        engine,
        commands,
        LOCK,
        Images(engine, LOCK, Builder(engine, commands, tmp_path)),
        programs,
        tmp_path / "state",
        keep,
    )


def working(spec, installed_kind, script=None, mode=None):
    kind = WorkingKind(spec.name, mode or str(spec.mode), "1.37.0", script)
    return rename_kind(kind, installed_kind)


def rename_kind(commands, installed_kind):
    """Script kind under its path, by which the provider calls it."""
    for beginning in [line for line in commands.script if line.startswith("kind")]:
        commands.script[beginning.replace("kind", str(installed_kind), 1)] = commands.script.pop(beginning)
    return commands


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


def test_images_that_no_registry_has_are_loaded_into_the_nodes(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    cluster = provider(commands, tmp_path).create(STOCK, SilentProgress())
    (load,) = commands.asked_for(f"{installed_kind} load")
    assert cluster.images.load in load
    assert cluster.images.registry not in load
    assert cluster.images.load == stock_book(LOCK, LOCK.release(None)).load.tag


def test_stock_nodes_keep_their_own_pod_network_and_get_the_leak_guard(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    provider(commands, tmp_path).create(STOCK, SilentProgress())
    scripts = [script for argv, script in commands.calls if argv[-2:] == ("bash", "-eu")]
    assert len([script for script in scripts if "guard.nft" in script]) == 3
    assert not [script for script in scripts if "/etc/cni" in script]


@pytest.mark.parametrize("mode", Mode)
def test_stock_nodes_of_every_mode_have_the_tools_that_read_ipvs(tmp_path, installed_kind, mode):
    spec = ClusterSpec(mode, "1.37.0", Source.REGISTRY)
    commands = working(spec, installed_kind)
    provider(commands, tmp_path).create(spec, SilentProgress())
    (create,) = commands.asked_for(f"{installed_kind} create cluster")
    assert f"--image={stock_book(LOCK, LOCK.release(None)).ipvs_node.tag}" in create


def test_the_ipvs_director_is_loaded_into_stock_nodes_on_substrate_uml(tmp_path, installed_kind):
    spec = ClusterSpec(Mode.IPVS, "1.37.0", Source.REGISTRY, Substrate.UML)
    director = stock_book(LOCK, LOCK.release(None)).director
    assert director.copied == (("registry.k8s.io/kube-proxy:v1.37.0", "/usr/local/bin/kube-proxy"),)
    curl = f"docker exec --interactive {spec.name}-control-plane curl"
    commands = working(spec, installed_kind, {"docker exec": "", curl: failing(curl, "Empty reply from server", 52)})
    with pytest.raises(CommandFailed, match="Empty reply"):
        provider(commands, tmp_path).create(spec, SilentProgress())
    (load,) = commands.asked_for(f"{installed_kind} load")
    assert director.tag in load


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


def test_only_the_user_can_read_the_kubeconfig(tmp_path, installed_kind):
    cluster = provider(working(STOCK, installed_kind), tmp_path).create(STOCK, SilentProgress())
    assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600


def test_a_release_removes_the_cluster_and_its_kubeconfig(tmp_path, installed_kind):
    commands, progress = working(STOCK, installed_kind), SilentProgress()
    kind = provider(commands, tmp_path)
    cluster = kind.create(STOCK, SilentProgress())
    kind.release(cluster, progress)
    assert commands.asked_for("docker rm")
    assert commands.asked_for(f"docker network rm {STOCK.name}")
    assert progress.steps == [f"removing cluster {STOCK.name}"]
    assert not cluster.kubeconfig.exists()


def test_a_kept_cluster_stays_after_its_release(tmp_path, installed_kind):
    commands, progress = working(STOCK, installed_kind), SilentProgress()
    kind = provider(commands, tmp_path, keep=True)
    kind.release(kind.create(STOCK, SilentProgress()), progress)
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == progress.steps == []


def test_a_kept_cluster_of_an_earlier_run_is_found_and_stays_after_its_release(tmp_path, installed_kind):
    kept = {**REMAINS, KEEP_LABEL: "true"}
    commands, progress = working(STOCK, installed_kind), SilentProgress()
    commands.there, commands.labels = True, kept
    kind = provider(commands, tmp_path)
    cluster = kind.find(STOCK)
    assert cluster is not None
    assert cluster.name == STOCK.name
    kind.release(cluster, progress)
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == progress.steps == []
    assert cluster.kubeconfig.exists()


def test_no_cluster_is_found_if_no_run_kept_one(tmp_path, installed_kind):
    assert provider(working(STOCK, installed_kind), tmp_path).find(STOCK) is None


def test_the_closing_facts_are_the_leak_guards_counts(tmp_path, installed_kind):
    counters = [{"counter": {"name": name, "packets": count}} for name, count in ((FORWARDED, 3), (OWN, 1))]
    listing = json.dumps({"nftables": counters})
    script = {f"docker exec {STOCK.name}-{role} nft --json": listing for role in ADDRESSES}
    kind = provider(working(STOCK, installed_kind, script), tmp_path)
    facts = kind.closing_facts(kind.create(STOCK, SilentProgress()))
    assert facts["packets the leak guard dropped"].startswith(f"{STOCK.name}-control-plane: 3 from pods, 1 of its own;")


def test_a_log_that_cannot_be_read_holds_the_reason(tmp_path, installed_kind):
    script = {
        f"docker exec {STOCK.name}-worker journalctl": failing("journalctl", "no journal files"),
        f"docker exec {STOCK.name}-worker2 journalctl": "kubelet started",
    }
    kind = provider(working(STOCK, installed_kind, script), tmp_path)
    kind.export_logs(kind.create(STOCK, SilentProgress()), tmp_path / "logs")
    assert "no journal files" in (tmp_path / "logs" / f"{STOCK.name}-worker-journal.log").read_text()
    assert (tmp_path / "logs" / f"{STOCK.name}-worker2-journal.log").read_text() == "kubelet started"


def test_logs_that_cannot_be_written_are_an_environment_error(tmp_path, installed_kind):
    kind = provider(working(STOCK, installed_kind), tmp_path)
    cluster = kind.create(STOCK, SilentProgress())
    logs = tmp_path / "logs"
    logs.touch()
    with pytest.raises(WorldError, match=f"logs cannot be written to {logs}: .*File exists"):
        kind.export_logs(cluster, logs)


REMAINS = {CLUSTER_LABEL: STOCK.name, OWNER_LABEL: "another-boot/1/1/1"}


def test_remains_of_an_ended_run_that_use_the_name_are_removed(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    commands.there, commands.labels = True, dict(REMAINS)
    cluster = provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert cluster.name == STOCK.name
    assert [line.split()[1] for line in commands.asked_for("docker") if " rm " in f"{line} "][-1] == "network"
    assert commands.labels[OWNER_LABEL] == str(Owner.myself())


def test_a_cluster_of_a_run_that_has_not_ended_stays(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    commands.there, commands.labels = True, {**REMAINS, OWNER_LABEL: str(another_running_process())}
    with pytest.raises(NameTaken, match=f"belongs to a run that has not ended, process {os.getppid()}"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == []


def test_a_cluster_of_a_run_that_took_the_name_just_before_stays(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)

    def taken(argv):
        commands.there, commands.labels = True, {**REMAINS, OWNER_LABEL: str(another_running_process())}
        raise failing("docker network create", f"network with name {STOCK.name} already exists")

    commands.script["docker network create"] = taken
    kubeconfig = tmp_path / "state" / f"{STOCK.name}.kubeconfig"
    kubeconfig.parent.mkdir()
    kubeconfig.touch()
    with pytest.raises(NameTaken, match="belongs to a run that has not ended"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == []
    assert kubeconfig.exists()


def test_the_name_is_taken_by_a_node_that_is_still_being_created(tmp_path, installed_kind):
    """The engine lists such a node, but cannot inspect it yet."""
    commands = working(STOCK, installed_kind, {"docker ps": "node", "docker container inspect": "[]"})
    with pytest.raises(NameTaken, match="without a label of Kubeproof"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())


def another_running_process():
    """Return the parent of this process as an owner."""
    (parent,) = [seen for seen in HostProcesses().read() if seen.pid == os.getppid()]
    return replace(Owner.myself(), pid=parent.pid, start_ticks=parent.start_ticks)
