"""Tests of MetalLB, Traefik and metrics-server: free addresses, sufficient permissions, and our own classes."""

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
def test_pools_do_not_overlap_each_other_or_either_end_of_the_network(network):
    pools = Pools.of(IPv4Network(network))
    addresses = [*pools.automatic, *pools.reserved]
    hosts = list(IPv4Network(network).hosts())
    assert len(set(addresses)) == len(addresses) == 72
    assert set(addresses) <= set(hosts[:-100])
    assert not set(addresses) & set(hosts[:50])


def test_a_network_with_too_few_addresses_is_an_error():
    with pytest.raises(HostUnfit, match=r"10\.0\.3\.0/25 has 128 addresses"):
        Pools.of(IPv4Network("10.0.3.0/25"))


def test_reserved_addresses_are_not_assigned_automatically():
    pools = {pool["metadata"]["name"]: pool["spec"] for pool in of_kind(metallb("c", "s", POOLS), "IPAddressPool")}
    assert pools == {
        "automatic": {"addresses": ["172.18.255.64-172.18.255.127"], "autoAssign": True},
        "reserved": {"addresses": ["172.18.255.128-172.18.255.135"], "autoAssign": False},
    }


def test_metallb_handles_only_services_of_its_class():
    manifests = metallb("controller:1", "speaker:1", POOLS)
    for workload in of_kind(manifests, "Deployment") + of_kind(manifests, "DaemonSet"):
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        assert f"--lb-class={LB_CLASS}" in container["args"]


def test_definitions_of_custom_resources_come_before_custom_resources():
    kinds = [found["kind"] for found in metallb("c", "s", POOLS)]
    assert kinds.count("CustomResourceDefinition") == len(RESOURCES)
    last_definition = len(kinds) - 1 - kinds[::-1].index("CustomResourceDefinition")
    assert last_definition < kinds.index("IPAddressPool")
    assert kinds.index("Namespace") < kinds.index("ServiceAccount") < kinds.index("Deployment")


def test_every_binding_names_an_existing_role_and_service_account():
    for manifests in (metallb("c", "s", POOLS), traefik("t"), metrics_server("m")):
        existing = {(found["kind"], found["metadata"]["name"]) for found in manifests} | ROLES_OF_EVERY_CLUSTER
        for binding in of_kind(manifests, "ClusterRoleBinding") + of_kind(manifests, "RoleBinding"):
            assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in existing
            assert ("ServiceAccount", binding["subjects"][0]["name"]) in existing


@pytest.mark.parametrize(
    ("status", "address"),
    [
        ({}, None),
        ({"loadBalancer": {}}, None),
        ({"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}, None),
        ({"loadBalancer": {"ingress": [{"ip": "172.18.255.64", "ipMode": "VIP"}]}}, "172.18.255.64"),
    ],
)
def test_the_address_is_read_from_the_status(status, address):
    assert given_address({"status": status}) == address


def test_our_ingress_class_is_traefiks_and_not_the_default():
    (ingress_class,) = of_kind(traefik("t"), "IngressClass")
    assert ingress_class["spec"]["controller"] == CONTROLLER_NAME
    assert "annotations" not in ingress_class["metadata"]


def test_traefik_sends_no_requests_to_the_internet():
    (deployment,) = of_kind(traefik("t"), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert {"--global.checknewversion=false", "--global.sendanonymoususage=false"} <= set(container["args"])
