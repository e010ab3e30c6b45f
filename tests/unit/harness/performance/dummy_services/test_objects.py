from harness.dataplane.reader import Backend
from harness.performance.dummy_services.objects import MOST, dummy_address, dummy_endpoint_slice
from harness.performance.programming.changes import subjects

CIDR = "10.96.0.0/16"


def test_dummy_services_have_addresses_that_no_other_service_of_a_case_gets():
    own = {dummy_address(CIDR, number) for number in range(MOST)}
    others = {dummy_address(CIDR, number, attempt) for number in range(MOST) for attempt in (1, 2, 3)}
    changed = {subject.address for subject in subjects(CIDR, Backend("10.244.1.5", 80), 200)}
    assert len(own) == MOST
    assert not own & others
    assert not (own | others) & changed
    assert all(address.startswith("10.96.") for address in own | others)


def test_a_dummy_service_whose_address_is_in_use_tries_others_that_its_neighbours_do_not():
    tried = [[dummy_address(CIDR, number, attempt) for attempt in range(4)] for number in range(10_000)]
    assert all(len(set(addresses)) == 4 for addresses in tried)
    assert len({addresses[1] for addresses in tried}) == 10_000


def test_the_endpoints_of_a_dummy_service_have_different_addresses():
    endpoints = dummy_endpoint_slice(7, 50)["endpoints"]
    addresses = {address for endpoint in endpoints for address in endpoint["addresses"]}
    assert len(addresses) == 50
    assert all(address.startswith("192.0.2.") for address in addresses)
    assert dummy_endpoint_slice(7)["endpoints"] == [{"addresses": ["192.0.2.8"]}]
