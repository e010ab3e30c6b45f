from ipaddress import IPv4Address, IPv4Network

from director.host import HostCommandFailed
from director.plumbing import GUEST_ADDRESS, install, install_commands, remove, remove_commands, rules

from clusters.addons.uml import GUEST_NETWORK
from tests.fakes.host.machine import FakeMachine

INSTALL = (
    "ip link add ipvs0 type veth peer name ipvs0-guest",
    "ip link set ipvs0-guest up",
    "ip address add 169.254.77.1/30 dev ipvs0",
    "ip link set ipvs0 up",
    "ip route replace 10.96.0.0/16 via 169.254.77.2 dev ipvs0",
    "ip route replace default via 169.254.77.2 dev ipvs0 table 77",
    "ip rule add fwmark 0x100000/0x100000 lookup 77",
)
REMOVE = (
    "nft delete table ip kubeproof_director",
    "ip rule delete fwmark 0x100000/0x100000 lookup 77",
    "ip link delete ipvs0",
)


def test_the_service_cidr_and_marked_replies_are_routed_to_the_guest():
    assert tuple(" ".join(argv) for argv in install_commands("10.96.0.0/16")) == INSTALL


def test_kube_proxy_serves_node_ports_at_the_address_to_which_the_node_redirects_them():
    assert IPv4Address(GUEST_ADDRESS) in IPv4Network(GUEST_NETWORK)


def test_rules_routes_and_devices_are_removed():
    assert tuple(" ".join(argv) for argv in remove_commands()) == REMOVE


def test_installing_first_removes_what_an_earlier_start_left():
    machine = FakeMachine()
    install(machine, "10.96.0.0/16")
    assert tuple(machine.ran) == (*REMOVE, *INSTALL, "nft --file -")
    assert machine.stdin[-1] == rules()


def test_removing_succeeds_when_nothing_is_there():
    machine = FakeMachine(dict.fromkeys(REMOVE, HostCommandFailed("no such thing")))
    remove(machine)
    assert tuple(machine.ran) == REMOVE


def test_the_device_accepts_source_addresses_of_other_devices_and_the_node_forwards():
    machine = FakeMachine()
    install(machine, "10.96.0.0/16")
    assert machine.written == {
        "/proc/sys/net/ipv4/conf/ipvs0/rp_filter": "2",
        "/proc/sys/net/ipv4/conf/ipvs0/accept_local": "1",
        "/proc/sys/net/ipv4/conf/ipvs0/send_redirects": "0",
        "/proc/sys/net/ipv4/ip_forward": "1",
    }


def test_loading_the_rules_again_replaces_them():
    first, second, third = rules().splitlines()[:3]
    assert (first, second, third) == (
        "table ip kubeproof_director",
        "delete table ip kubeproof_director",
        "table ip kubeproof_director {",
    )


def test_connections_out_of_the_guest_are_marked_and_their_replies_get_the_mark():
    assert 'iifname "ipvs0" ct state new ct mark set ct mark or 0x100000' in rules()
    restore = "ct mark and 0x100000 == 0x100000 meta mark set meta mark or 0x100000"
    assert f'iifname != "ipvs0" {restore}' in rules()
    assert f"ct direction reply {restore}" in rules()


def test_node_ports_of_every_protocol_are_redirected_to_the_guest_except_on_loopback():
    ports = "fib daddr type local meta l4proto { tcp, udp, sctp } th dport 30000-32767 dnat to 169.254.77.2"
    assert f'iifname != "ipvs0" {ports}' in rules()
    assert f"ip daddr != 127.0.0.0/8 {ports}" in rules()


def test_packets_to_no_service_do_not_loop_between_node_and_guest():
    assert 'iifname "ipvs0" oifname "ipvs0" counter drop' in rules()


def test_pods_cannot_connect_to_the_guests_own_address():
    assert 'oifname "ipvs0" ip daddr 169.254.77.2 ct state new ct status and dnat == 0 counter drop' in rules()
