from ipaddress import IPv4Interface

from harness.outside import MOST_ADDRESSES, spare_addresses


def test_clients_side_by_side_never_take_the_same_addresses():
    clients = [IPv4Interface(f"172.18.0.{place}/16") for place in (5, 6, 7)]
    taken = [address for own in clients for address in spare_addresses(own, MOST_ADDRESSES)]
    assert len(set(taken)) == len(taken) == 3 * MOST_ADDRESSES
    assert taken[0] == "172.18.255.175"
    assert all(IPv4Interface(f"{address}/16").network == clients[0].network for address in taken)
