"""What nft 1.0.6 and iptables 1.8.9 print for rules of kube-proxy's shape: the files in `samples`.

web has two endpoints and a node port, sticky has ClientIP affinity, near has a balancer's address and
externalTrafficPolicy Local with one endpoint on this node, none has no endpoint.
"""

from pathlib import Path

import pytest

from clusters.cluster import Node, Role
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.nftables import NftablesDataPlane
from harness.dataplane.reader import Backend, ServiceAddress
from tests.fakes.shell import TextShell

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
def test_local_traffic_policy_leaves_a_stranger_this_nodes_endpoints_only(reader):
    """What pods and nodes of the cluster may reach past the policy is not what the policy is about."""
    assert reader.service(NODE, LOCAL_NODE_PORT).backends == {HERE}
    assert reader.service(NODE, BALANCER).backends == {HERE}


@readers
def test_a_balancer_with_source_ranges_is_a_front_like_others(reader):
    assert reader.missing(NODE, frozenset({BALANCER})) == frozenset()
    assert reader.left(NODE, frozenset({BALANCER})) == {BALANCER}
    assert reader.service(NODE, BALANCER).present


@readers
def test_a_service_without_endpoints_is_refused_rather_than_present(reader):
    assert not reader.service(NODE, WITHOUT_ENDPOINTS).present
    assert reader.missing(NODE, frozenset({WITHOUT_ENDPOINTS})) == {WITHOUT_ENDPOINTS}


def test_a_node_port_is_not_counted_by_the_rule_for_the_loopback_before_it():
    assert iptables().packets(NODE, NODE_PORT) == 7


def test_affinity_is_read_from_the_sets_that_remember_clients():
    assert nftables().service(NODE, ServiceAddress("10.96.7.8", 80)).affinity_s == 60
    assert nftables().service(NODE, CLUSTER_IP).affinity_s is None


def test_a_remembered_client_is_none_of_the_proxys_rules():
    """Otherwise a connection would change the rules' text, and a client count as mentioned."""
    assert STICKY_CLIENT in sample("nftables.txt")
    assert STICKY_CLIENT not in nftables().rules_text(NODE)
    assert not nftables().mentions(NODE, STICKY_CLIENT)
    assert nftables().mentions(NODE, HERE.address)


def test_what_kube_proxy_puts_into_sets_stays_in_the_text():
    text = nftables().rules_text(NODE)
    assert "elements = { 172.18.0.3 }" in text
    assert text.count("set affinity-") == 2
