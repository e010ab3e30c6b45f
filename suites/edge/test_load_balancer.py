"""Services of type LoadBalancer: their address, its announcement, and the fields that control both."""

import pytest

from harness.edge.balancer import LoadBalancer
from harness.suite import (
    ClaimRecorder,
    Cluster,
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
OTHER_RANGE = "192.0.2.0/24"
"""A range reserved for documentation (RFC 5737). No client of these cases has an address in it."""


@pytest.mark.claim("15.3")
def test_a_balancers_address_is_reached_from_outside(
    cluster: Cluster,
    make_service: ServiceMaker,
    load_balancer: LoadBalancer,
    outside_client: OutsideClient,
    claim: ClaimRecorder,
) -> None:
    """The load balancer writes an address into the status, every kernel has it, and a node announces it."""
    web = make_service("web", 2)
    load_balancer.ask_for_address(web)
    given = load_balancer.observe_address(web)
    address = given.seen
    kernels = {} if address is None else web.observe_service_address(ServiceAddress(address, 80))
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
    """While one Service has an address, another that requests it waits. Released by both, it is unanswered."""
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
    """A Service of another load balancer class gets no address, although it was created before one that does."""
    other, own = make_service("other", 1), make_service("own", 1)
    load_balancer.ask_for_address(other, loadBalancerClass="kubeproof.io/nobody")
    load_balancer.expose(own)
    assert load_balancer.address_of(other) is None


def test_policy_local_keeps_the_clients_address(
    cluster: Cluster, make_service: ServiceMaker, load_balancer: LoadBalancer, outside_client: OutsideClient
) -> None:
    """With externalTrafficPolicy Cluster a backend sees a node's address, with Local the client's own.

    With Local the node of the backend announces the address.
    """
    backend_node = cluster.workers[0]
    web = make_service("web", 1, node=backend_node.name)
    address = load_balancer.expose(web, externalTrafficPolicy="Cluster")
    # In ipvs mode kube-proxy creates the virtual server before the masquerade rules, so the first connections may reach
    # the backend with the client's address.
    wait_until(
        f"{address} reached with a node's address instead of the client's",
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
    assert load_balancer.announcer(outside_client, address) == backend_node


def test_source_ranges_keep_others_out(
    make_service: ServiceMaker, load_balancer: LoadBalancer, outside_client: OutsideClient
) -> None:
    """With loadBalancerSourceRanges only clients in these ranges are answered."""
    web = make_service("web", 1)
    address = load_balancer.expose(web, loadBalancerSourceRanges=[f"{outside_client.address}/32"])
    wait_answered_by(outside_client, address, web.pods)
    load_balancer.expose(web, loadBalancerSourceRanges=[OTHER_RANGE])
    wait_unanswered(outside_client, address)
    load_balancer.expose(web, loadBalancerSourceRanges=[f"{outside_client.address}/32", OTHER_RANGE])
    wait_answered_by(outside_client, address, web.pods)


def wait_answered_by(outside: OutsideClient, address: str, pods: dict[str, str]) -> Reply:
    """Wait until one of these pods answers at the address, and return its reply."""
    return wait_until(
        f"{address} answered by {', '.join(pods)}",
        lambda: ask(outside, address),
        lambda reply: reply.body in pods,
        deadline_s=PROGRAMMED_S,
    )


def wait_unanswered(outside: OutsideClient, address: str) -> Reply:
    """Wait until nothing answers at the address, and return the failed reply."""
    return wait_until(
        f"{address} unanswered",
        lambda: ask(outside, address),
        lambda reply: not reply.ok,
        deadline_s=PROGRAMMED_S,
    )


def ask(outside: OutsideClient, address: str, path: str = "/hostname") -> Reply:
    """Make one connection to the address and return its reply."""
    return outside.send(Request(address, 80, path=path, timeout_s=SHORT_S))[0]


def seen_client(outside: OutsideClient, address: str) -> str:
    """Return the client's address as the backend sees it. Empty if no backend answered."""
    return ask(outside, address, "/clientip").body.rpartition(":")[0]
