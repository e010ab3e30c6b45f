import pytest
import yaml

from clusters.host.patience import DEFAULT, Patience
from clusters.images.lock import read_lock
from clusters.kind.config import CREATE_TIMEOUT_S, kind_config
from clusters.spec import ClusterSpec, Mode, Source, Substrate

LOCK = read_lock()


def config(mode=Mode.IPTABLES, source=Source.BUILT, substrate=Substrate.HOST, cgroups="2", patience=DEFAULT, **other):
    spec = ClusterSpec(mode, "1.37.2", source, substrate, **other)
    return yaml.safe_load(kind_config(spec, LOCK, LOCK.release("1.37.2"), cgroups, patience))


def patch(document, kind):
    patches = [yaml.safe_load(text) for text in document["kubeadmConfigPatches"]]
    return next(found for found in patches if found["kind"] == kind)


def test_the_api_server_listens_on_the_loopback_only():
    assert config()["networking"]["apiServerAddress"] == "127.0.0.1"


def test_the_proxy_mode_is_the_requested_one():
    assert config(Mode.NFTABLES)["networking"]["kubeProxyMode"] == "nftables"


def test_on_substrate_uml_kind_installs_no_kube_proxy():
    assert config(Mode.IPVS, substrate=Substrate.UML)["networking"]["kubeProxyMode"] == "none"


def test_kinds_pod_network_is_used_with_source_registry_only():
    assert config(source=Source.REGISTRY)["networking"]["disableDefaultCNI"] is False
    assert config(source=Source.BUILT)["networking"]["disableDefaultCNI"] is True


def test_the_kubelet_accepts_cgroup_v1_only_on_a_host_with_cgroup_v1():
    assert patch(config(cgroups="1"), "KubeletConfiguration")["failCgroupV1"] is False
    assert "failCgroupV1" not in patch(config(cgroups="2"), "KubeletConfiguration")


def test_the_ipvs_scheduler_is_set_in_kube_proxys_configuration():
    document = config(Mode.IPVS, ipvs_scheduler="lc")
    assert patch(document, "KubeProxyConfiguration")["ipvs"]["scheduler"] == "lc"


def test_strict_arp_is_set_on_substrate_host_only():
    assert patch(config(Mode.IPVS), "KubeProxyConfiguration")["ipvs"]["strictARP"] is True
    assert "strictARP" not in patch(config(Mode.IPVS, substrate=Substrate.UML), "KubeProxyConfiguration")["ipvs"]


def test_the_number_of_nodes_is_the_requested_one():
    roles = [node["role"] for node in config(control_planes=3, workers=1)["nodes"]]
    assert roles == ["control-plane"] * 3 + ["worker"]


KUBEADM_DEFAULTS_S = {
    "kubeletHealthCheck": 240,
    "controlPlaneComponentHealthCheck": 240,
    "kubernetesAPICall": 60,
    "etcdAPICall": 120,
    "discovery": 300,
    "tlsBootstrap": 300,
}
"""kubeadm's defaults: https://github.com/kubernetes/kubernetes/blob/v1.37.2/cmd/kubeadm/app/constants/constants.go"""


@pytest.mark.parametrize("kind", ["InitConfiguration", "JoinConfiguration"])
@pytest.mark.parametrize("patience", [DEFAULT, Patience(2.5)])
def test_kubeadms_limits_are_not_below_its_defaults_and_below_kinds_limit(kind, patience):
    found = patch(config(patience=patience), kind)
    assert found["apiVersion"] == "kubeadm.k8s.io/v1beta4"
    waits_s = {name: float(duration.removesuffix("s")) for name, duration in found["timeouts"].items()}
    assert waits_s.keys() == KUBEADM_DEFAULTS_S.keys()
    assert all(
        KUBEADM_DEFAULTS_S[name] <= wait_s < patience.seconds(CREATE_TIMEOUT_S) for name, wait_s in waits_s.items()
    )


KINDS_OWN = {"enable-hostpath-provisioner": "true"}
LEASES_MULTIPLIED_BY_4 = {
    "leader-elect-lease-duration": "60s",
    "leader-elect-renew-deadline": "40s",
    "leader-elect-retry-period": "8s",
}


def arguments(component, patience, version="v1beta4"):
    """Return a control plane component's arguments in the patch for an API version of kubeadm."""
    for text in config(patience=patience)["kubeadmConfigPatches"]:
        found = yaml.safe_load(text)
        if "controllerManager" in found and found["apiVersion"] == f"kubeadm.k8s.io/{version}":
            values = found.get(component, {}).get("extraArgs", {})
            is_list = isinstance(values, list)
            return {argument["name"]: argument["value"] for argument in values} if is_list else values
    raise AssertionError(f"no patch for {version}")


@pytest.mark.parametrize("version", ["v1beta4", "v1beta3"])
def test_on_an_ordinary_host_leader_election_keeps_its_defaults(version):
    assert arguments("scheduler", DEFAULT, version) == {}
    assert not any(name.startswith("leader-elect") for name in arguments("controllerManager", DEFAULT, version))


@pytest.mark.parametrize("version", ["v1beta4", "v1beta3"])
def test_on_a_slow_host_the_times_of_leader_election_are_multiplied(version):
    assert arguments("scheduler", Patience(4), version) == LEASES_MULTIPLIED_BY_4
    assert arguments("controllerManager", Patience(4), version).items() >= LEASES_MULTIPLIED_BY_4.items()


@pytest.mark.parametrize("version", ["v1beta4", "v1beta3"])
def test_the_controller_manager_keeps_what_kind_sets_and_gets_shorter_periods(version):
    found = arguments("controllerManager", DEFAULT, version)
    assert found == {
        **KINDS_OWN,
        "node-monitor-grace-period": "20s",
        "horizontal-pod-autoscaler-sync-period": "5s",
    }


def test_kubelets_get_shorter_periods():
    found = patch(config(), "KubeletConfiguration")
    assert (found["syncFrequency"], found["nodeLeaseDurationSeconds"]) == ("10s", 20)


def test_an_older_kubeadm_gets_the_only_timeout_that_it_supports():
    patches = [yaml.safe_load(text) for text in config()["kubeadmConfigPatches"]]
    older, *_ = [found for found in patches if found.get("apiVersion") == "kubeadm.k8s.io/v1beta3"]
    assert older["kind"] == "ClusterConfiguration"
    assert older["apiServer"] == {"timeoutForControlPlane": "300s"}
    assert "timeouts" not in older
