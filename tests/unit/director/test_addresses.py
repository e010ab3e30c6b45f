import socket

from director.guest.addresses import (
    ADDRESS,
    ATTRIBUTE,
    DELETED_ADDRESS,
    DONE,
    HEADER,
    LABEL,
    LOCAL,
    NEW_ADDRESS,
    AddressBook,
    Change,
    parse,
)
from director.routes import outside


def message(kind, body=b""):
    return HEADER.pack(HEADER.size + len(body), kind, 0, 0, 0) + body


def attribute(kind, value):
    return (ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value).ljust(
        (ATTRIBUTE.size + len(value) + 3) & ~3, b"\0"
    )


def change(kind, address, device="kube-ipvs0"):
    return message(
        kind,
        ADDRESS.pack(socket.AF_INET, 32, 0, 0, 7)
        + attribute(LOCAL, socket.inet_aton(address))
        + attribute(LABEL, device.encode() + b"\0"),
    )


def address_book():
    return AddressBook("kube-ipvs0", outside("10.96.0.0/16"))


def test_netlink_messages_are_parsed():
    data = change(NEW_ADDRESS, "203.0.113.5") + change(DELETED_ADDRESS, "10.1.2.3", "eth0") + message(DONE, b"\0" * 4)
    assert list(parse(data)) == [
        Change(True, "kube-ipvs0", "203.0.113.5"),
        Change(False, "eth0", "10.1.2.3"),
        None,
    ]


def test_addresses_are_added_and_removed():
    addresses = address_book()
    assert addresses.apply(change(NEW_ADDRESS, "203.0.113.5") + change(NEW_ADDRESS, "203.0.113.6"))
    assert addresses.apply(change(DELETED_ADDRESS, "203.0.113.5"))
    assert addresses.present == {"203.0.113.6"}


def test_other_devices_and_cluster_ips_are_ignored():
    addresses = address_book()
    assert not addresses.apply(change(NEW_ADDRESS, "203.0.113.5", "eth0"))
    assert not addresses.apply(change(NEW_ADDRESS, "10.96.0.1"))
    assert addresses.present == set()


def test_after_lost_events_the_old_set_is_kept_until_the_new_one_is_complete():
    addresses = address_book()
    addresses.apply(change(NEW_ADDRESS, "203.0.113.5") + change(NEW_ADDRESS, "203.0.113.6"))
    addresses.begin_resync()
    assert not addresses.apply(change(NEW_ADDRESS, "203.0.113.6"))
    assert addresses.present == {"203.0.113.5", "203.0.113.6"}
    assert addresses.apply(message(DONE))
    assert addresses.present == {"203.0.113.6"}


def test_after_lost_events_the_new_set_may_be_empty():
    addresses = address_book()
    addresses.apply(change(NEW_ADDRESS, "203.0.113.5"))
    addresses.begin_resync()
    assert addresses.apply(message(DONE))
    assert addresses.present == set()
