from director.host import HostCommandFailed
from director.plumbing import clearing, lay, laying, remove, rules

from tests.fakes.machine import FakeMachine

LAID = (
    "ip link add ipvs0 type veth peer name ipvs0-guest",
    "ip link set ipvs0-guest up",
    "ip address add 169.254.77.1/30 dev ipvs0",
    "ip link set ipvs0 up",
    "ip route replace 10.96.0.0/16 via 169.254.77.2 dev ipvs0",
    "ip route replace default via 169.254.77.2 dev ipvs0 table 77",
    "ip rule add fwmark 0x100000/0x100000 lookup 77",
)
CLEARED = (
    "nft delete table ip kubeproof_director",
    "ip rule delete fwmark 0x100000/0x100000 lookup 77",
    "ip link delete ipvs0",
)


def test_the_service_cidr_and_marked_replies_go_to_the_guest():
    assert tuple(" ".join(argv) for argv in laying("10.96.0.0/16")) == LAID


def test_everything_that_was_laid_is_removed():
    assert tuple(" ".join(argv) for argv in clearing()) == CLEARED


def test_laying_begins_with_removing_what_an_earlier_start_left():
    machine = FakeMachine()
    lay(machine, "10.96.0.0/16")
    assert tuple(machine.ran) == (*CLEARED, *LAID, "nft --file -")
    assert machine.stdin[-1] == rules()


def test_removing_what_is_not_there_is_a_success():
    machine = FakeMachine(dict.fromkeys(CLEARED, HostCommandFailed("no such thing")))
    remove(machine)
    assert tuple(machine.ran) == CLEARED


def test_the_guests_device_accepts_sources_that_live_elsewhere_and_the_node_forwards():
    machine = FakeMachine()
    lay(machine, "10.96.0.0/16")
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


def test_connections_out_of_the_guest_are_marked_and_their_replies_follow_the_mark():
    assert 'iifname "ipvs0" ct state new ct mark set ct mark or 0x100000' in rules()
    follow = "ct mark and 0x100000 == 0x100000 meta mark set meta mark or 0x100000"
    assert f'iifname != "ipvs0" {follow}' in rules()
    assert f"ct direction reply {follow}" in rules()


def test_node_ports_of_every_protocol_go_to_the_guest_but_not_from_loopback():
    ports = "fib daddr type local meta l4proto { tcp, udp, sctp } th dport 30000-32767 dnat to 169.254.77.2"
    assert f'iifname != "ipvs0" {ports}' in rules()
    assert f"ip daddr != 127.0.0.0/8 {ports}" in rules()


def test_what_no_service_wanted_does_not_go_round_between_node_and_guest():
    assert 'iifname "ipvs0" oifname "ipvs0" counter drop' in rules()


def test_pods_cannot_speak_to_the_guest_by_its_own_address():
    assert 'oifname "ipvs0" ip daddr 169.254.77.2 ct state new ct status and dnat == 0 counter drop' in rules()
