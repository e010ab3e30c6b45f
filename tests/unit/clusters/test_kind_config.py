import pytest
import yaml

from clusters.images.lock import read_lock
from clusters.kind.config import CREATE_TIMEOUT_S, kind_config
from clusters.patience import DEFAULT, Patience
from clusters.spec import ClusterSpec, Mode, Source, Substrate

LOCK = read_lock()


def config(mode=Mode.IPTABLES, source=Source.BUILT, substrate=Substrate.HOST, cgroups="2", patience=DEFAULT, **other):
    spec = ClusterSpec(mode, "1.37.2", source, substrate, **other)
    return yaml.safe_load(kind_config(spec, LOCK, LOCK.release("1.37.2"), cgroups, patience))


def patch(document, kind):
    patches = [yaml.safe_load(text) for text in document["kubeadmConfigPatches"]]
    return next(found for found in patches if found["kind"] == kind)


def test_the_api_server_listens_on_loopback_only():
    assert config()["networking"]["apiServerAddress"] == "127.0.0.1"


def test_the_proxy_mode_is_what_was_asked_for():
    assert config(Mode.NFTABLES)["networking"]["kubeProxyMode"] == "nftables"


def test_on_uml_no_proxy_ever_touches_the_nodes_own_kernel():
    assert config(Mode.IPVS, substrate=Substrate.UML)["networking"]["kubeProxyMode"] == "none"


def test_the_stock_pod_network_stays_with_stock_images():
    assert config(source=Source.REGISTRY)["networking"]["disableDefaultCNI"] is False
    assert config(source=Source.BUILT)["networking"]["disableDefaultCNI"] is True


def test_the_kubelet_accepts_cgroup_v1_only_where_there_is_nothing_else():
    assert patch(config(cgroups="1"), "KubeletConfiguration")["failCgroupV1"] is False
    assert "failCgroupV1" not in patch(config(cgroups="2"), "KubeletConfiguration")


def test_the_ipvs_scheduler_reaches_kube_proxy():
    document = config(Mode.IPVS, ipvs_scheduler="lc")
    assert patch(document, "KubeProxyConfiguration")["ipvs"]["scheduler"] == "lc"


def test_on_a_nodes_own_kernel_only_the_balancers_choice_answers_for_an_address():
    assert patch(config(Mode.IPVS), "KubeProxyConfiguration")["ipvs"]["strictARP"] is True
    assert "strictARP" not in patch(config(Mode.IPVS, substrate=Substrate.UML), "KubeProxyConfiguration")["ipvs"]


def test_nodes_are_as_many_as_asked_for():
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
"""https://github.com/kubernetes/kubernetes/blob/v1.37.2/cmd/kubeadm/app/constants/constants.go"""


@pytest.mark.parametrize("kind", ["InitConfiguration", "JoinConfiguration"])
@pytest.mark.parametrize("patience", [DEFAULT, Patience(2.5)])
def test_kubeadm_waits_no_shorter_than_by_itself_and_ends_before_kind_is_ended(kind, patience):
    found = patch(config(patience=patience), kind)
    assert found["apiVersion"] == "kubeadm.k8s.io/v1beta4"
    waits_s = {name: float(duration.removesuffix("s")) for name, duration in found["timeouts"].items()}
    assert waits_s.keys() == KUBEADM_DEFAULTS_S.keys()
    assert all(
        KUBEADM_DEFAULTS_S[name] <= wait_s < patience.seconds(CREATE_TIMEOUT_S) for name, wait_s in waits_s.items()
    )


def leases(patience, version):
    """What kubeadm of a version is told of the leaders' leases, as the components' own arguments; None if nothing."""
    for text in config(patience=patience)["kubeadmConfigPatches"]:
        found = yaml.safe_load(text)
        if "scheduler" in found and found["apiVersion"] == f"kubeadm.k8s.io/{version}":
            return found["controllerManager"]["extraArgs"], found["scheduler"]["extraArgs"]
    return None


def test_on_an_ordinary_host_leases_are_kubernetes_own():
    assert leases(DEFAULT, "v1beta4") is leases(DEFAULT, "v1beta3") is None


def test_a_slow_hosts_leaders_have_as_much_more_time_for_their_leases():
    lasting = {
        "leader-elect-lease-duration": "60s",
        "leader-elect-renew-deadline": "40s",
        "leader-elect-retry-period": "8s",
    }
    kept = {"enable-hostpath-provisioner": "true"}
    assert leases(Patience(4), "v1beta3") == ({**kept, **lasting}, lasting)
    manager, scheduler = leases(Patience(4), "v1beta4")
    assert {given["name"]: given["value"] for given in manager} == {**kept, **lasting}
    assert {given["name"]: given["value"] for given in scheduler} == lasting


def test_an_older_kubeadm_gets_the_one_timeout_that_it_knows():
    patches = [yaml.safe_load(text) for text in config()["kubeadmConfigPatches"]]
    (older,) = [found for found in patches if found.get("apiVersion") == "kubeadm.k8s.io/v1beta3"]
    assert older["kind"] == "ClusterConfiguration"
    assert older["apiServer"] == {"timeoutForControlPlane": "300s"}
    assert "timeouts" not in older
