"""What runs at the cluster's edge: addresses that nobody else takes, rights that are enough, classes that are ours."""

from ipaddress import IPv4Network

import pytest

from clusters.addons.metallb import LB_CLASS, RESOURCES, Pools, given_address, metallb
from clusters.addons.metrics import metrics_server
from clusters.addons.traefik import CONTROLLER_NAME, traefik
from clusters.errors import HostUnfit

NETWORK = IPv4Network("172.18.0.0/16")
POOLS = Pools.of(NETWORK)
ROLES_OF_EVERY_CLUSTER = {
    ("ClusterRole", "system:auth-delegator"),
    ("Role", "extension-apiserver-authentication-reader"),
}


def of_kind(manifests, kind):
    return [found for found in manifests if found["kind"] == kind]


@pytest.mark.parametrize("network", ["172.18.0.0/16", "192.168.16.0/20", "10.0.3.0/24"])
def test_pools_share_nothing_with_each_other_or_with_either_end_of_the_network(network):
    pools = Pools.of(IPv4Network(network))
    addresses = [*pools.automatic, *pools.reserved]
    hosts = list(IPv4Network(network).hosts())
    assert len(set(addresses)) == len(addresses) == 72
    assert set(addresses) <= set(hosts[:-100])
    assert not set(addresses) & set(hosts[:50])


def test_a_network_without_room_for_them_says_so():
    with pytest.raises(HostUnfit, match=r"10\.0\.3\.0/25 has 128 addresses"):
        Pools.of(IPv4Network("10.0.3.0/25"))


def test_nobody_gets_a_reserved_address_unasked():
    pools = {pool["metadata"]["name"]: pool["spec"] for pool in of_kind(metallb("c", "s", POOLS), "IPAddressPool")}
    assert pools == {
        "automatic": {"addresses": ["172.18.255.64-172.18.255.127"], "autoAssign": True},
        "reserved": {"addresses": ["172.18.255.128-172.18.255.135"], "autoAssign": False},
    }


def test_services_of_no_class_are_left_to_others():
    manifests = metallb("controller:1", "speaker:1", POOLS)
    for workload in of_kind(manifests, "Deployment") + of_kind(manifests, "DaemonSet"):
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        assert f"--lb-class={LB_CLASS}" in container["args"]


def test_custom_resources_come_before_what_is_of_their_kind():
    kinds = [found["kind"] for found in metallb("c", "s", POOLS)]
    assert kinds.count("CustomResourceDefinition") == len(RESOURCES)
    last_definition = len(kinds) - 1 - kinds[::-1].index("CustomResourceDefinition")
    assert last_definition < kinds.index("IPAddressPool")
    assert kinds.index("Namespace") < kinds.index("ServiceAccount") < kinds.index("Deployment")


def test_every_binding_names_a_role_and_an_account_that_are_there():
    for manifests in (metallb("c", "s", POOLS), traefik("t"), metrics_server("m")):
        there = {(found["kind"], found["metadata"]["name"]) for found in manifests} | ROLES_OF_EVERY_CLUSTER
        for binding in of_kind(manifests, "ClusterRoleBinding") + of_kind(manifests, "RoleBinding"):
            assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in there
            assert ("ServiceAccount", binding["subjects"][0]["name"]) in there


@pytest.mark.parametrize(
    ("status", "address"),
    [
        ({}, None),
        ({"loadBalancer": {}}, None),
        ({"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}, None),
        ({"loadBalancer": {"ingress": [{"ip": "172.18.255.64", "ipMode": "VIP"}]}}, "172.18.255.64"),
    ],
)
def test_an_address_is_given_when_the_status_has_it(status, address):
    assert given_address({"status": status}) == address


def test_our_ingress_class_is_traefiks_and_nobodys_default():
    (ingress_class,) = of_kind(traefik("t"), "IngressClass")
    assert ingress_class["spec"]["controller"] == CONTROLLER_NAME
    assert "annotations" not in ingress_class["metadata"]


def test_traefik_asks_nobody_on_the_internet():
    (deployment,) = of_kind(traefik("t"), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert {"--global.checknewversion=false", "--global.sendanonymoususage=false"} <= set(container["args"])
