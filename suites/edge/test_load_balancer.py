"""A Service of type LoadBalancer: an address from outside the cluster's own, and what may be asked of it."""

import pytest

from harness.suite import (
    ClaimRecorder,
    Cluster,
    LoadBalancer,
    OutsideClient,
    Reply,
    Request,
    ServiceAddress,
    ServiceMaker,
    wait_until,
)
from suites.edge.decisions import BalancerAddress, decide_balancer_address

CONNECTIONS = 20
PROGRAMMED_S = 60.0
SHORT_S = 1.0
SOMEBODY_ELSE = "192.0.2.0/24"
"""Of a block for documentation (RFC 5737): no client of ours has an address there."""


@pytest.mark.claim("15.3")
def test_a_balancers_address_is_reached_from_outside(
    cluster: Cluster,
    make_service: ServiceMaker,
    load_balancer: LoadBalancer,
    outside_client: OutsideClient,
    claim: ClaimRecorder,
) -> None:
    """The balancer writes an address into the status, every node's kernel takes it, and a node answers for it."""
    web = make_service("web", 2)
    load_balancer.ask_for_address(web)
    given = load_balancer.observe_address(web)
    address = given.seen
    kernels = {} if address is None else web.observe_front(ServiceAddress(address, 80))
    replies = () if address is None else outside_client.send(Request(address, 80, CONNECTIONS))
    node = None if address is None else load_balancer.announcer(outside_client, address)

    answered = sum(reply.body in web.pods for reply in replies)
    seen = BalancerAddress(
        address=address,
        waited_s=given.waited_s,
        of_balancer=address in load_balancer.automatic,
        nodes=len(cluster.nodes),
        unprogrammed=tuple(name for name, kernel in kernels.items() if not kernel.met),
        announcer=None if node is None else node.name,
        answered=answered,
        connections=CONNECTIONS,
    )
    claim.record("15.3", decide_balancer_address(seen))
    given.require()
    for kernel in kernels.values():
        kernel.require()
    holds = answered == CONNECTIONS and address in load_balancer.automatic
    assert holds, [reply for reply in replies if reply.body not in web.pods]
    assert node in cluster.workers, f"{address} was announced by {node}"


def test_an_address_is_one_services_and_is_given_back(
    make_service: ServiceMaker, load_balancer: LoadBalancer, outside_client: OutsideClient
) -> None:
    """While one Service has an address another waits for it; given back by both, nobody answers for it."""
    address = load_balancer.reserved[0]
    first, second = make_service("first", 1), make_service("second", 1)
    load_balancer.expose(first, address)
    load_balancer.ask_for_address(second, address)
    wait_answered_by(outside_client, address, first.pods)
    assert load_balancer.address_of(second) is None

    load_balancer.withdraw(first)
    assert load_balancer.wait_address(second) == address
    wait_answered_by(outside_client, address, second.pods)

    load_balancer.withdraw(second)
    second.wait_service_addresses(ServiceAddress(address, 80), present=False)
    gone = wait_unanswered(outside_client, address)
    assert gone.error, gone


def test_a_balancer_serves_its_own_class_only(make_service: ServiceMaker, load_balancer: LoadBalancer) -> None:
    """A Service of another class, asked for first, is left waiting, while one of its own is served."""
    other, own = make_service("other", 1), make_service("own", 1)
    load_balancer.ask_for_address(other, loadBalancerClass="kubeproof.io/nobody")
    load_balancer.expose(own)
    assert load_balancer.address_of(other) is None


def test_policy_local_keeps_the_clients_address(
    cluster: Cluster, make_service: ServiceMaker, load_balancer: LoadBalancer, outside_client: OutsideClient
) -> None:
    """Under policy Cluster a backend sees a node, under Local its client; the node with the backend announces."""
    home = cluster.workers[0]
    web = make_service("web", 1, node=home.name)
    address = load_balancer.expose(web, externalTrafficPolicy="Cluster")
    # In ipvs mode kube-proxy makes the virtual server first and the rules that masquerade last: the first
    # connections may reach the backend unmasqueraded.
    wait_until(
        f"{address} reached with a node's address in place of the client's",
        lambda: seen_client(outside_client, address),
        lambda seen: seen not in ("", outside_client.address),
        deadline_s=PROGRAMMED_S,
    )
    load_balancer.expose(web, externalTrafficPolicy="Local")
    wait_until(
        f"{address} reached with the client's own address",
        lambda: seen_client(outside_client, address),
        lambda seen: seen == outside_client.address,
        deadline_s=PROGRAMMED_S,
    )
    assert load_balancer.announcer(outside_client, address) == home


def test_source_ranges_keep_others_out(
    make_service: ServiceMaker, load_balancer: LoadBalancer, outside_client: OutsideClient
) -> None:
    """The balancer's address answers clients of the ranges alone; the others get no answer at all."""
    web = make_service("web", 1)
    address = load_balancer.expose(web, loadBalancerSourceRanges=[f"{outside_client.address}/32"])
    wait_answered_by(outside_client, address, web.pods)
    load_balancer.expose(web, loadBalancerSourceRanges=[SOMEBODY_ELSE])
    wait_unanswered(outside_client, address)
    load_balancer.expose(web, loadBalancerSourceRanges=[f"{outside_client.address}/32", SOMEBODY_ELSE])
    wait_answered_by(outside_client, address, web.pods)


def wait_answered_by(outside: OutsideClient, address: str, pods: dict[str, str]) -> Reply:
    """One of these pods answers at the address."""
    return wait_until(
        f"{address} answered by {', '.join(pods)}",
        lambda: ask(outside, address),
        lambda reply: reply.body in pods,
        deadline_s=PROGRAMMED_S,
    )


def wait_unanswered(outside: OutsideClient, address: str) -> Reply:
    """Nothing answers at the address any more; how that looks to a client."""
    return wait_until(
        f"{address} unanswered",
        lambda: ask(outside, address),
        lambda reply: not reply.ok,
        deadline_s=PROGRAMMED_S,
    )


def ask(outside: OutsideClient, address: str, path: str = "/hostname") -> Reply:
    """One connection to the address."""
    return outside.send(Request(address, 80, path=path, timeout_s=SHORT_S))[0]


def seen_client(outside: OutsideClient, address: str) -> str:
    """The client's address as the backend sees it; empty if it did not answer."""
    return ask(outside, address, "/clientip").body.rpartition(":")[0]
