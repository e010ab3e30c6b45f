import pytest
from director.host import HostCommandFailed
from director.routes import IN_MAPS, IN_RULES, Routes, changes, listings_of, outside, own_addresses

from tests.fakes.host.machine import FakeMachine

NAT = """-N KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 203.0.113.5/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -j KUBE-EXT-TDVM3OVRVY2QEUQP
-A KUBE-SERVICES -d 172.18.255.1/32 -p tcp -m comment --comment "default/lb loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-4TRGYWIDJ2SGTF5D
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
"""
FILTER = """-N KUBE-EXTERNAL-SERVICES
-A KUBE-EXTERNAL-SERVICES -d 203.0.113.6/32 -p tcp -m comment --comment "default/none has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
"""
MAPS = """table ip kube-proxy {
    map service-ips {
        type ipv4_addr . inet_proto . inet_service : verdict
        elements = { 10.96.0.1 . tcp . 443 : goto service-2QRHZV4L-default/kubernetes/tcp/https,
                 203.0.113.5 . udp . 53 : goto external-ULMVA6XW-default/dns/udp/dns }
    }
    map no-endpoint-services {
        elements = { 203.0.113.6 . tcp . 80 : goto reject-chain }
    }
}
"""
BATCH = "ip -force -batch -"


def routes(machine, never=()):
    return Routes(machine, "10.96.0.0/16", frozenset(never))


def test_the_addresses_of_services_are_read_from_iptables_rules():
    assert IN_RULES.destinations(NAT + FILTER) == {"10.96.0.1", "203.0.113.5", "203.0.113.6", "172.18.255.1"}


def test_the_addresses_of_services_are_read_from_nftables_maps():
    assert IN_MAPS.destinations(MAPS) == {"10.96.0.1", "203.0.113.5", "203.0.113.6"}


def test_kube_proxys_log_names_the_mode_whose_rules_are_listed():
    assert listings_of('I1130 server_linux.go:144] "Using iptables Proxier"') is IN_RULES
    assert listings_of('I1130 server_linux.go:231] "Using nftables Proxier"') is IN_MAPS
    assert listings_of('I1130 server_linux.go:191] "Using ipvs Proxier"').commands == ()
    assert listings_of('I1130 proxier.go:649] "SyncProxyRules complete"') is None


@pytest.mark.parametrize("address", ["10.96.0.1", "10.96.255.255", "127.0.0.1", "169.254.77.2", "224.0.0.1", "0.0.0.0"])
def test_addresses_in_the_service_cidr_and_special_addresses_need_no_route(address):
    assert not outside("10.96.0.0/16")(address)


def test_each_other_address_gets_a_route():
    machine = FakeMachine()
    routes(machine).update(IN_RULES.destinations(NAT))
    assert machine.ran == [BATCH]
    assert machine.stdin == [
        "route replace 172.18.255.1/32 via 169.254.77.2 dev ipvs0\n"
        "route replace 203.0.113.5/32 via 169.254.77.2 dev ipvs0\n"
    ]


def test_only_changed_routes_are_sent_to_the_kernel():
    machine = FakeMachine()
    node_routes = routes(machine)
    node_routes.update(["203.0.113.5", "203.0.113.6"])
    node_routes.update(["203.0.113.6", "203.0.113.5"])
    node_routes.update(["203.0.113.6"])
    assert machine.ran == [BATCH, BATCH]
    assert machine.stdin[1] == "route delete 203.0.113.5/32 via 169.254.77.2 dev ipvs0\n"


def test_an_address_of_the_node_or_the_api_server_gets_no_route():
    machine = FakeMachine()
    assert routes(machine, never=("172.18.0.2",)).update(["172.18.0.2"]) == ""
    assert machine.ran == []


def test_a_failed_update_is_tried_again():
    machine = FakeMachine({BATCH: HostCommandFailed("no")})
    node_routes = routes(machine)
    with pytest.raises(HostCommandFailed):
        node_routes.update(["203.0.113.5"])
    machine.script.clear()
    assert node_routes.update(["203.0.113.5"]) == changes(frozenset(), frozenset(["203.0.113.5"]))


def test_the_nodes_own_addresses_are_read():
    listing = (
        "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n"
        "2: eth0    inet 172.18.0.3/16 brd 172.18.255.255 scope global eth0\\  valid_lft forever\n"
        "5: vethab    inet 10.244.1.1 peer 10.244.1.7/32 scope global vethab\\  valid_lft forever\n"
    )
    machine = FakeMachine({"ip -4 -oneline address show": listing})
    assert own_addresses(machine) == {"127.0.0.1", "172.18.0.3", "10.244.1.1"}
