import json

import pytest

from clusters.cluster import Node, Role
from clusters.errors import CommandFailed
from harness.dataplane.iptables import IptablesDataPlane
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.nftables import NftablesDataPlane
from harness.dataplane.reader import Backend, RuleCount, ServiceAddress
from tests.fakes.cluster.shell import TextShell

NODE = Node("worker", Role.WORKER, "172.18.0.3")
SERVICE_ADDRESS = ServiceAddress("10.96.7.7", 80)
BACKENDS = frozenset({Backend("10.244.1.5", 8080), Backend("10.244.2.6", 8080)})

NAT = """*nat
:KUBE-SERVICES - [0:0]
[0:0] -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
[4:240] -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-AAA
[9:540] -A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m comment --comment "a/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-BBB
[1:60] -A KUBE-SERVICES -m comment --comment "node ports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
[2:120] -A KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment "a/web:http" -m tcp --dport 30080 -m nfacct --nfacct-name  localhost_nps_accepted_pkts -j KUBE-EXT-BBB
[2:120] -A KUBE-NODEPORTS -p tcp -m comment --comment "a/web:http" -m tcp --dport 30080 -j KUBE-EXT-BBB
[0:0] -A KUBE-EXT-BBB -m comment --comment "masquerade traffic" -j KUBE-MARK-MASQ
[0:0] -A KUBE-EXT-BBB -j KUBE-SVC-BBB
[3:180] -A KUBE-SVC-BBB -m comment --comment "a/web:http -> 10.244.1.5:8080" -m recent --rcheck --seconds 60 --reap --name KUBE-SEP-1 --mask 255.255.255.255 --rsource -j KUBE-SEP-1
[3:180] -A KUBE-SVC-BBB -m comment --comment "a/web:http -> 10.244.1.5:8080" -m statistic --mode random --probability 0.5 -j KUBE-SEP-1
[3:180] -A KUBE-SVC-BBB -m comment --comment "a/web:http -> 10.244.2.6:8080" -j KUBE-SEP-2
[3:180] -A KUBE-SEP-1 -p tcp -m comment --comment "a/web:http" -m recent --set --name KUBE-SEP-1 -m tcp -j DNAT --to-destination 10.244.1.5:8080
[3:180] -A KUBE-SEP-2 -p tcp -m comment --comment "a/web:http" -m tcp -j DNAT --to-destination 10.244.2.6:8080
COMMIT
"""

IPVS = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.96.7.7:80 rr persistent 60
  -> 10.244.1.5:8080              Masq    1      0          3
  -> 10.244.2.6:8080              Masq    1      2          0
  -> 10.244.2.9:8080              Masq    0      1          0
UDP  10.96.0.10:53 rr
  -> 10.244.0.2:53                Masq    1      0          0
"""
IPVS_STATS = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
TCP  10.96.7.7:80                        9       54       36     3240     4320
  -> 10.244.1.5:8080                     9       54       36     3240     4320
"""


def nft(*entries):
    return json.dumps({"nftables": [{"metainfo": {}}, *entries]})


def rule(chain, *expressions):
    return {"rule": {"family": "ip", "table": "kube-proxy", "chain": chain, "expr": list(expressions)}}


SERVICE_IPS = {
    "map": {
        "name": "service-ips",
        "elem": [[{"concat": ["10.96.7.7", "tcp", 80]}, {"goto": {"target": "service-BBB"}}]],
    }
}
NODE_PORTS = {
    "map": {"name": "service-nodeports", "elem": [[{"concat": ["tcp", 30080]}, {"goto": {"target": "external-BBB"}}]]}
}
DRAW = {
    "dnat": {
        "family": "ip",
        "addr": {
            "map": {
                "key": {"numgen": {"mode": "random", "mod": 2, "offset": 0}},
                "data": {"set": [[0, {"concat": ["10.244.1.5", 8080]}], [1, {"concat": ["10.244.2.6", 8080]}]]},
            }
        },
    }
}
TABLE = nft(
    SERVICE_IPS, NODE_PORTS, rule("external-BBB", {"goto": {"target": "service-BBB"}}), rule("service-BBB", DRAW)
)
STICKY = nft(
    SERVICE_IPS,
    {"set": {"name": "affinity-1", "timeout": 60, "elem": ["10.244.1.9"]}},
    rule("service-BBB", {"match": {"right": "@affinity-1"}}, {"goto": {"target": "endpoint-1"}}),
    rule("service-BBB", {"vmap": {"key": {}, "data": {"set": [[0, {"goto": {"target": "endpoint-1"}}]]}}}),
    rule("endpoint-1", {"set": {"op": "update", "set": "@affinity-1"}}, {"dnat": {"addr": "10.244.1.5", "port": 8080}}),
)


def iptables(listing=NAT):
    plain = "\n".join(line.partition("] ")[2] or line for line in listing.splitlines())
    return IptablesDataPlane(TextShell({"iptables-save -c -t nat": listing, "iptables-save": plain}))


def ipvs():
    sets = "Name: KUBE-CLUSTER-IP\nType: hash:ip,port\nNumber of entries: 4\n"
    members = f"{sets}Members:\n{SERVICE_ADDRESS.address},tcp:80\n10.96.0.99,tcp:80\n"
    rules = "-A PREROUTING -j KUBE-SERVICES\n-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n-A X -j Y\n"
    answers = {"ipvsadm -Ln": IPVS, "ipvsadm -Ln --stats --exact": IPVS_STATS, "iptables-save": rules}
    return IpvsDataPlane(TextShell({**answers, "ipset list -terse": sets, "ipset list": members}))


def nftables(listing=TABLE):
    return NftablesDataPlane(TextShell({"nft --json list table ip kube-proxy": listing}))


def test_iptables_returns_backends_affinity_and_packets():
    state = iptables().service(NODE, SERVICE_ADDRESS)
    assert state.backends == BACKENDS
    assert state.affinity_s == 60
    assert iptables().packets(NODE, SERVICE_ADDRESS) == 9


def test_only_iptables_has_rules_before_those_of_a_service_address():
    assert iptables().rules_walked(NODE)[SERVICE_ADDRESS] == 1
    assert ipvs().rules_walked(NODE) == nftables().rules_walked(NODE) == {}


def test_a_node_port_is_found_by_the_nodes_own_address_in_every_mode():
    assert iptables().service(NODE, ServiceAddress(NODE.address, 30080)).backends == BACKENDS
    assert nftables().service(NODE, ServiceAddress(NODE.address, 30080)).backends == BACKENDS


def test_an_unknown_service_address_is_not_present():
    for reader in (iptables(), ipvs(), nftables()):
        assert not reader.service(NODE, ServiceAddress("10.96.7.8", 80)).present
        assert not reader.service(NODE, ServiceAddress("10.96.7.7", 80, "UDP")).present


def test_iptables_counts_only_rules_of_kube_proxy():
    assert iptables().rule_count(NODE) == RuleCount(rules=13, sets={})


def test_ipvs_leaves_out_backends_with_weight_0():
    state = ipvs().service(NODE, SERVICE_ADDRESS)
    assert state.backends == BACKENDS
    assert state.affinity_s == 60
    assert ipvs().packets(NODE, SERVICE_ADDRESS) == 54
    assert ipvs().virtual_server(NODE, SERVICE_ADDRESS).scheduler == "rr"


def test_an_ipvs_service_address_needs_a_virtual_server_and_a_set_member():
    half, none = ServiceAddress("10.96.0.99", 80), ServiceAddress("10.96.0.98", 80)
    assert ipvs().missing(NODE, frozenset({SERVICE_ADDRESS, none})) == {none}
    assert ipvs().missing(NODE, frozenset({SERVICE_ADDRESS, half})) == {half}
    assert ipvs().left(NODE, frozenset({half, none})) == {half}


def test_virtual_servers_are_not_read_if_a_set_member_is_missing():
    shell = TextShell({"ipset list": "Members:\n"})
    assert IpvsDataPlane(shell).missing(NODE, frozenset({SERVICE_ADDRESS})) == {SERVICE_ADDRESS}


def test_ipvs_counts_rules_and_the_members_of_sets():
    assert ipvs().rule_count(NODE) == RuleCount(rules=2, sets={"KUBE-CLUSTER-IP": 4})


def test_nftables_follows_the_map_to_the_service():
    assert nftables().service(NODE, SERVICE_ADDRESS).backends == BACKENDS
    assert nftables().service(NODE, SERVICE_ADDRESS).affinity_s is None


def test_nftables_with_affinity_follows_the_endpoints_chains():
    state = nftables(STICKY).service(NODE, SERVICE_ADDRESS)
    assert state.backends == frozenset({Backend("10.244.1.5", 8080)})
    assert state.affinity_s == 60


def test_an_address_is_not_found_within_a_longer_one():
    assert iptables().mentions(NODE, "10.244.1.5")
    assert not iptables().mentions(NODE, "10.244.1.55")
    assert ipvs().mentions(NODE, "10.244.2.9")
    assert not ipvs().mentions(NODE, "0.244.2.9")


class FailingShell:
    def __init__(self, stderr):
        self.stderr = stderr

    def run(self, node, *argv):
        raise CommandFailed(argv, 1, "", self.stderr)


def test_a_missing_nftables_table_counts_as_no_rules():
    gone = "Error: No such file or directory\nlist table ip kube-proxy\n"
    assert NftablesDataPlane(FailingShell(gone)).rule_count(NODE) == RuleCount(rules=0, sets={})
    with pytest.raises(CommandFailed, match="not permitted"):
        NftablesDataPlane(FailingShell("Error: Operation not permitted")).rule_count(NODE)
