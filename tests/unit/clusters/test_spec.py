from dataclasses import replace

import pytest

from clusters.cluster import Cluster, Node, Role
from clusters.errors import Refused, UsageError
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.host.images import CASE_IMAGES

SPEC = ClusterSpec(Mode.IPTABLES, "1.37.2", Source.BUILT)


def test_equal_specs_have_the_same_name():
    assert SPEC.name == ClusterSpec(Mode.IPTABLES, "1.37.2", Source.BUILT).name


@pytest.mark.parametrize(
    "other",
    [
        replace(SPEC, mode=Mode.NFTABLES),
        replace(SPEC, kubernetes="1.35.4"),
        replace(SPEC, source=Source.REGISTRY),
        replace(SPEC, substrate=Substrate.UML),
        replace(SPEC, workers=3),
        replace(SPEC, control_planes=3),
        replace(SPEC, ipvs_scheduler="lc"),
    ],
)
def test_every_field_changes_the_name(other):
    assert other.name != SPEC.name


def test_the_name_with_a_node_suffix_is_a_valid_host_name():
    longest = f"{replace(SPEC, mode=Mode.NFTABLES).name}-control-plane2"
    assert len(longest) <= 63


def test_nftables_on_debians_user_mode_linux_is_refused_with_the_reason():
    with pytest.raises(Refused, match="without nf_tables"):
        ClusterSpec(Mode.NFTABLES, "1.37.0", Source.REGISTRY, Substrate.UML)


@pytest.mark.parametrize("count", [{"control_planes": 0}, {"workers": -1}])
def test_invalid_node_counts_are_usage_errors(count):
    with pytest.raises(UsageError):
        replace(SPEC, **count)


def test_a_cluster_is_equal_after_serialisation(tmp_path):
    cluster = Cluster(
        name="kubeproof-ipvs-0",
        mode=Mode.IPVS,
        source=Source.BUILT,
        substrate=Substrate.UML,
        kubernetes="1.37.2",
        kubeconfig=tmp_path / "kubeconfig",
        context="kind-kubeproof-ipvs-0",
        nodes=(Node("a", Role.CONTROL_PLANE, "172.18.0.2"), Node("b", Role.WORKER, "172.18.0.3")),
        service_cidr="10.96.0.0/16",
        pod_cidr="10.244.0.0/16",
        network="kubeproof-ipvs-0",
        images=CASE_IMAGES,
        owned=True,
        environment={"nft": "1.0.6"},
    )
    assert Cluster.from_json(cluster.to_json()) == cluster
    assert [node.name for node in cluster.workers] == ["b"]
