"""Tests of node ports on substrate `uml`, where nodes forward them to the link-local address of a user-mode Linux."""

import pytest

from clusters.cluster import Node, Role
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.reader import Backend, ServiceAddress
from tests.fakes.cluster.shell import TextShell

NODE = Node("worker", Role.WORKER, "172.25.0.3")
HERE, THERE = Backend("10.244.1.5", 8080), Backend("10.244.2.6", 8080)
SERVERS = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.96.7.7:30080 lc
  -> 10.244.2.6:8080              Masq    1      0          0
TCP  169.254.77.2:30080 rr persistent 60
  -> 10.244.1.5:8080              Masq    1      0          0
"""
STATS = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
TCP  10.96.7.7:30080                     1        2        3        4        5
TCP  169.254.77.2:30080                  9       54       36     3240     4320
"""


SETS = """Name: KUBE-NODE-PORT-TCP
Type: bitmap:port
Number of entries: 2
Members:
30080
30090

Name: KUBE-NODE-PORT-UDP
Type: bitmap:port
Number of entries: 1
Members:
30081
"""


def ipvs(servers=SERVERS, sets=SETS):
    shell = TextShell({"ipvsadm -Ln": servers, "ipvsadm -Ln --stats --exact": STATS, "ipset list": sets})
    return IpvsDataPlane(shell)


def test_a_node_port_is_found_at_the_link_local_address():
    service_address = ServiceAddress(NODE.address, 30080)
    state = ipvs().service(NODE, service_address)
    assert (state.backends, state.affinity_s) == ({HERE}, 60)
    assert ipvs().packets(NODE, service_address) == 54
    assert ipvs().virtual_server(NODE, service_address).scheduler == "rr"


def test_a_cluster_ip_with_the_port_of_a_node_port_is_not_confused_with_it():
    assert ipvs().service(NODE, ServiceAddress("10.96.7.7", 30080)).backends == {THERE}
    assert not ipvs().service(NODE, ServiceAddress("10.96.7.8", 30080)).present
    assert not ipvs().service(NODE, ServiceAddress(NODE.address, 30080, "UDP")).present


def test_the_nodes_own_address_takes_precedence():
    servers = f"{SERVERS}TCP  172.25.0.3:30080 rr\n  -> 10.244.2.6:8080              Masq    1      0          0\n"
    assert ipvs(servers).service(NODE, ServiceAddress(NODE.address, 30080)).backends == {THERE}


@pytest.mark.parametrize("sets", ["", SETS.replace("30080\n", ""), SETS.replace("-TCP", "-UDP")])
def test_a_node_port_is_not_present_until_it_is_in_the_set_that_is_written_last(sets):
    state = ipvs(sets=sets).service(NODE, ServiceAddress(NODE.address, 30080))
    assert not state.present
    assert not state.backends
