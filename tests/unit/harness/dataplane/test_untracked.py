from dataclasses import replace

import pytest

from clusters.cluster import Node, Role
from clusters.spec import Substrate
from harness.dataplane.untracked import REMOVE, UntrackedPaths, rules
from tests.fakes.cluster.owned import fake_cluster

NODES = tuple(Node(f"worker-{number}", Role.WORKER, f"172.18.0.{number}") for number in (3, 4))
HERE, THERE = "worker-3", "worker-4"
HOST = replace(fake_cluster(), nodes=NODES)
UML = replace(HOST, substrate=Substrate.UML)


class Shell:
    """A shell that records what it ran on which node, and fails on the node that is named `broken`."""

    def __init__(self, broken=""):
        self.ran, self.broken = [], broken

    def run(self, node, *argv, timeout_s=60.0):
        self.ran.append((node.name, *argv))
        if node.name == self.broken and argv[1] != REMOVE:
            raise RuntimeError("refused")
        return ""


def opened(cluster, nodes, guests):
    paths = UntrackedPaths(cluster, nodes, guests)
    return paths.opened("10.244.1.5", 8082, client_node=NODES[0], server_node=NODES[1])


def test_connections_to_the_pods_port_are_untracked_on_both_nodes_while_the_block_lasts():
    nodes, guests = Shell(), Shell()
    with opened(HOST, nodes, guests):
        text = rules("10.244.1.5", 8082)
        assert nodes.ran == [(HERE, "nft", text), (THERE, "nft", text)]
        assert "ip daddr 10.244.1.5 tcp dport 8082 notrack" in text
        assert "ip saddr 10.244.1.5 tcp sport 8082 notrack" in text
        assert "mark" not in text
    assert nodes.ran[2:] == [(THERE, "nft", REMOVE), (HERE, "nft", REMOVE)]
    assert guests.ran == []


def test_on_substrate_uml_their_packets_pass_the_clients_guest_without_tracking_too():
    nodes, guests = Shell(), Shell()
    with opened(UML, nodes, guests):
        plain = rules("10.244.1.5", 8082)
        assert nodes.ran == [(HERE, "nft", rules("10.244.1.5", 8082, through_guest=True)), (THERE, "nft", plain)]
        assert guests.ran == [(HERE, "nft", plain)]
    assert guests.ran[1:] == [(HERE, "nft", REMOVE)]


def test_if_a_kernel_refuses_the_rules_those_of_the_other_node_are_removed():
    nodes = Shell(broken=THERE)
    with pytest.raises(RuntimeError, match="refused"), opened(HOST, nodes, Shell()):
        pass
    assert nodes.ran[-1] == (HERE, "nft", REMOVE)
