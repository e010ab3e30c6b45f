"""Tests with output of nft 1.0.6 and iptables 1.8.9 for rules like kube-proxy's: the files in `samples`.

Service web has two endpoints and a node port, sticky has ClientIP affinity, near has a load balancer address and
externalTrafficPolicy Local with one endpoint on this node, and none has no endpoint.
"""

from pathlib import Path

import pytest

from clusters.cluster import Node, Role
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.nftables import NftablesDataPlane
from harness.dataplane.reader import Backend, ServiceAddress
from tests.fakes.cluster.shell import TextShell

SAMPLES = Path(__file__).parent / "samples"
NODE = Node("worker", Role.WORKER, "172.18.0.3")
HERE, THERE = Backend("10.244.1.5", 8080), Backend("10.244.2.6", 8080)
CLUSTER_IP = ServiceAddress("10.96.7.7", 80)
BALANCER = ServiceAddress("198.51.100.7", 80)
NODE_PORT = ServiceAddress(NODE.address, 30080)
LOCAL_NODE_PORT = ServiceAddress(NODE.address, 30081)
WITHOUT_ENDPOINTS = ServiceAddress("10.96.7.10", 80)
STICKY_CLIENT = "10.244.1.9"


def sample(name):
    return (SAMPLES / name).read_text()


def iptables():
    nat = sample("iptables-nat.txt")
    return IptablesDataPlane(TextShell({"iptables-save -c -t nat": nat, "iptables-save": nat}))


def nftables():
    table = "list table ip kube-proxy"
    return NftablesDataPlane(
        TextShell({f"nft --json {table}": sample("nftables.json"), f"nft --stateless {table}": sample("nftables.txt")})
    )


readers = pytest.mark.parametrize("reader", [iptables(), nftables()], ids=["iptables", "nftables"])


@readers
def test_a_cluster_ip_and_a_node_port_lead_to_all_endpoints(reader):
    assert reader.service(NODE, CLUSTER_IP).backends == {HERE, THERE}
    assert reader.service(NODE, NODE_PORT).backends == {HERE, THERE}


@readers
def test_local_traffic_policy_leads_outside_clients_to_endpoints_on_this_node_only(reader):
    """The rules with which the cluster's own pods and nodes bypass the policy are left out."""
    assert reader.service(NODE, LOCAL_NODE_PORT).backends == {HERE}
    assert reader.service(NODE, BALANCER).backends == {HERE}


@readers
def test_a_load_balancer_address_with_source_ranges_is_found(reader):
    assert reader.missing(NODE, frozenset({BALANCER})) == frozenset()
    assert reader.left(NODE, frozenset({BALANCER})) == {BALANCER}
    assert reader.service(NODE, BALANCER).present


@readers
def test_a_service_without_endpoints_is_not_present(reader):
    assert not reader.service(NODE, WITHOUT_ENDPOINTS).present
    assert reader.missing(NODE, frozenset({WITHOUT_ENDPOINTS})) == {WITHOUT_ENDPOINTS}


def test_packets_of_a_node_port_are_not_read_from_the_loopback_rule_before_it():
    assert iptables().packets(NODE, NODE_PORT) == 7


def test_affinity_is_read_from_the_sets_that_store_clients():
    assert nftables().service(NODE, ServiceAddress("10.96.7.8", 80)).affinity_s == 60
    assert nftables().service(NODE, CLUSTER_IP).affinity_s is None


def test_a_client_stored_for_affinity_does_not_count_as_a_rule():
    """Otherwise, a connection would change the text of the rules, and `mentions` would find its client."""
    assert STICKY_CLIENT in sample("nftables.txt")
    assert STICKY_CLIENT not in nftables().rules_text(NODE)
    assert not nftables().mentions(NODE, STICKY_CLIENT)
    assert nftables().mentions(NODE, HERE.address)


def test_elements_that_kube_proxy_puts_into_sets_stay_in_the_text():
    text = nftables().rules_text(NODE)
    assert "elements = { 172.18.0.3 }" in text
    assert text.count("set affinity-") == 2
