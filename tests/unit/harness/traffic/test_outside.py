from ipaddress import IPv4Interface

import pytest
from docker.errors import DockerException, NotFound
from requests.exceptions import ConnectionError as NoConnection

from clusters.errors import CommandFailed, EngineUnavailable, WorldError
from clusters.host.ownership import OWNER_LABEL, Owner, labels_for
from harness.traffic.outside import MOST_ADDRESSES, OutsideClient, spare_addresses
from tests.fakes.host.containers import FakeContainer

OWN_ADDRESS = {"ip -o -4 addr show": "2: eth0    inet 172.18.0.5/16 brd 172.18.255.255 scope global eth0"}


def client_in(container):
    return OutsideClient("kubeproof-fake", "kubeproof-fake", "load", make_container=container.made)


def test_concurrent_clients_never_take_the_same_addresses():
    clients = [IPv4Interface(f"172.18.0.{number}/16") for number in (5, 6, 7)]
    taken = [address for own in clients for address in spare_addresses(own, MOST_ADDRESSES)]
    assert len(set(taken)) == len(taken) == 3 * MOST_ADDRESSES
    assert taken[0] == "172.18.255.175"
    assert all(IPv4Interface(f"{address}/16").network == clients[0].network for address in taken)


def test_a_client_gets_addresses_and_routes():
    container = FakeContainer(OWN_ADDRESS)
    with client_in(container) as client:
        client.route("10.96.0.0/16", "172.18.0.2")
        assert client.add_addresses(1) == ("172.18.255.175",)
    assert container.ran[-3] == "ip route replace 10.96.0.0/16 via 172.18.0.2"
    assert container.ran[-1] == "ip address replace 172.18.255.175/16 dev eth0"
    assert container.stopped


@pytest.mark.parametrize(
    ("command", "act"),
    [
        ("ip route replace", lambda client: client.route("10.96.0.0/16", "172.18.0.2")),
        ("ip address replace", lambda client: client.add_addresses(1)),
        ("ip -o -4 addr show", lambda client: client.add_addresses(1)),
        ("ip -json neighbour show", lambda client: client.neighbour("172.18.255.64")),
    ],
)
def test_a_client_that_cannot_set_its_address_or_route_is_an_environment_error(command, act):
    container = FakeContainer({**OWN_ADDRESS, command: (2, "RTNETLINK answers: Operation not permitted")})
    with client_in(container) as client, pytest.raises(CommandFailed, match=f"`{command}.*ended with 2: RTNETLINK"):
        act(client)


def test_a_container_that_still_has_a_default_route_is_refused_and_removed():
    container = FakeContainer({"ip route delete": (2, "denied"), "ip route show default": "default via 172.18.0.1"})
    message = r"still has a default route: default via 172\.18\.0\.1"
    with pytest.raises(WorldError, match=message), client_in(container):
        pass
    assert container.stopped


def test_a_client_is_on_the_clusters_network_and_belongs_to_this_run():
    container = FakeContainer({})
    client_in(container)
    labels = labels_for("kubeproof-fake", keep=False)
    assert labels[OWNER_LABEL] == str(Owner.myself())
    settings = {name: container.settings[name] for name in ("network", "labels", "cap_add")}
    assert settings == {"network": "kubeproof-fake", "labels": labels, "cap_add": ["NET_ADMIN"]}


def test_a_container_without_a_default_route_is_accepted():
    container = FakeContainer({"ip route delete": (2, "RTNETLINK answers: No such process")})
    with client_in(container):
        assert container.ran == ["ip route delete default", "ip route show default"]


@pytest.mark.parametrize("failure", [DockerException("no socket"), NoConnection("refused")])
def test_an_engine_that_does_not_answer_is_unavailable(failure):
    with pytest.raises(EngineUnavailable, match=r"does not answer: .* \(check whether Docker runs\)"):
        client_in(FakeContainer({}, start=failure)).__enter__()
    with client_in(FakeContainer({"python3": failure})) as client, pytest.raises(EngineUnavailable):
        client.run("python3")


def test_an_error_of_the_engine_is_an_environment_error():
    gone = NotFound("404 Client Error", explanation="No such container: 1f2e")
    with client_in(FakeContainer({"python3": gone})) as client, pytest.raises(WorldError) as refused:
        client.run("python3")
    assert not isinstance(refused.value, EngineUnavailable)
    assert "refused a request about a container outside cluster kubeproof-fake" in str(refused.value)
    assert "No such container: 1f2e" in str(refused.value)
