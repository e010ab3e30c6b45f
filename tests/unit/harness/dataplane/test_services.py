"""Waits for Services: what has to be in every node's kernel before a case sends its first packet."""

from collections import Counter
from types import SimpleNamespace

import pytest

from harness.dataplane.reader import ServiceAddress, ServiceState
from harness.dataplane.services import ServiceHandle
from tests.fakes.cluster.owned import fake_cluster

CLUSTER = fake_cluster()


class LateNodePorts:
    """A data plane that has a node port only when it is read for the second time."""

    def __init__(self):
        self.reads = Counter()

    def service(self, node, service_address):
        self.reads[service_address] += 1
        return ServiceState(present=self.reads[service_address] > 1, backends=frozenset())


@pytest.fixture
def dataplane():
    return LateNodePorts()


@pytest.fixture
def web(dataplane):
    return ServiceHandle(SimpleNamespace(cluster=CLUSTER), None, dataplane, "a", "web", "10.96.7.7", 30080, {})


def test_every_node_port_is_waited_for_on_every_node(web, dataplane):
    ports = [{"nodePort": 30080, "protocol": "TCP"}, {"nodePort": 30081, "protocol": "UDP"}]
    web.wait_node_ports({"ports": ports})
    wanted = {
        ServiceAddress(node.address, port["nodePort"], port["protocol"]) for node in CLUSTER.nodes for port in ports
    }
    assert dataplane.reads == dict.fromkeys(wanted, 2)


@pytest.mark.parametrize(
    "spec",
    [
        {"ports": [{"port": 80, "protocol": "TCP"}]},
        {"ports": [{"nodePort": 30080, "protocol": "TCP"}], "externalTrafficPolicy": "Local"},
    ],
)
def test_nothing_is_waited_for_without_a_node_port_that_every_node_has(web, dataplane, spec):
    web.wait_node_ports(spec)
    assert not dataplane.reads
