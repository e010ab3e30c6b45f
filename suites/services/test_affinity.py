"""Session affinity ClientIP."""

import time
from collections.abc import Mapping

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    DataPlane,
    Kube,
    Node,
    OutsideClient,
    Request,
    ServiceHandle,
    ServiceMaker,
    wait_until,
)
from suites.modes import SERVICES_IN
from suites.services.decisions import Affinity, decide_affinity, decide_affinity_timeout

CLIENTS = 12
"""With 12 clients and 3 backends, all clients reach the same backend by chance once in 177,147 times."""

ENOUGH = 60
"""With 60 connections, one of 3 backends gets none by chance once in ten billion times."""

TIMEOUT_S = 10800
LATE = 1.5
"""Factor by which a case waits longer than the time-out. Timers of user-mode Linux are late by a few per cent."""


@pytest.mark.claim("16.2")
def test_a_client_sticks_to_its_backend(
    cluster: Cluster,
    make_service: ServiceMaker,
    outside_client: OutsideClient,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """Each client keeps its backend while different clients use different ones.

    A client whose backend becomes unready moves to another. The case also records how many clients reach another
    backend through a second node.
    """
    limit = {"clientIP": {"timeoutSeconds": TIMEOUT_S}}
    web = make_service("web", switchable=True, type="NodePort", sessionAffinity="ClientIP", sessionAffinityConfig=limit)
    addresses = outside_client.add_addresses(CLIENTS)
    first = {address: _backends(outside_client, cluster, web, address, 5) for address in addresses}
    sticky = [address for address, met in first.items() if len(met) == 1]
    backends_met = {next(iter(met)) for met in first.values()}
    differing = _differing(outside_client, cluster, web, first)

    state = dataplane.service(cluster.workers[0], web.service_address)
    leaving = next(iter(first[addresses[0]]))
    web.set_ready(leaving, False)
    web.wait_programmed(frozenset(address for pod, address in web.pods.items() if pod != leaving))
    moved = _backends(outside_client, cluster, web, addresses[0], 5)
    others = [address for address in sticky if leaving not in first[address]]
    others_moved = [
        address for address in others if _backends(outside_client, cluster, web, address, 1) != first[address]
    ]

    seen = Affinity(
        clients=CLIENTS,
        sticky=len(sticky),
        backends_met=len(backends_met),
        moved_to=len(moved - {leaving}),
        others=len(others),
        others_moved=len(others_moved),
        differing=differing,
        timeout_s=state.affinity_s,
    )
    claim.record("16.2", decide_affinity(seen))
    assert len(sticky) == CLIENTS, f"clients that met several backends: {set(first) - set(sticky)}: {first}"
    assert len(backends_met) > 1, f"all {CLIENTS} clients met the same backend: {backends_met}"
    assert not others_moved, f"clients changed their backend although it stayed ready: {others_moved}"
    assert leaving not in moved, f"client {addresses[0]} still meets {leaving}, which is not ready"
    assert len(moved) == 1, f"client {addresses[0]} moved to several backends: {moved}"
    assert state.affinity_s == TIMEOUT_S, (
        f"affinity in the kernel of {cluster.workers[0].name}, expected {TIMEOUT_S} s: {state}"
    )


def test_affinity_comes_and_goes_with_its_setting(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, make_client: ClientMaker, dataplane: DataPlane
) -> None:
    """A client reaches one backend while affinity is on, and all backends before and after."""
    node = cluster.workers[0]
    web = make_service("web")
    client = make_client("client", node=node)

    def backends_met_with(affinity: str) -> set[str]:
        kube.merge(web.path, {"spec": {"sessionAffinity": affinity}})
        wait_until(
            f"session affinity {affinity} in the kernel of node {node.name}",
            lambda: dataplane.service(node, web.service_address),
            lambda state: (state.affinity_s is not None) == (affinity == "ClientIP"),
            deadline_s=60.0,
        )
        replies = client.send(Request(web.cluster_ip, 80, ENOUGH, reset=True))
        assert all(reply.ok for reply in replies), [reply.error for reply in replies if not reply.ok]
        return {reply.body for reply in replies}

    assert backends_met_with("None") == set(web.pods)
    assert len(backends_met_with("ClientIP")) == 1
    assert backends_met_with("None") == set(web.pods)


@pytest.mark.claim("16.2")
def test_a_client_may_move_when_its_time_is_out(
    cluster: Cluster,
    make_service: ServiceMaker,
    outside_client: OutsideClient,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """Within the time-out every client reaches its backend again. After it, some clients reach another."""
    timeout_s = SERVICES_IN[cluster.mode].affinity_s
    limit = {"clientIP": {"timeoutSeconds": timeout_s}}
    web = make_service("web", type="NodePort", sessionAffinity="ClientIP", sessionAffinityConfig=limit)
    addresses = outside_client.add_addresses(CLIENTS)
    for node in cluster.nodes:
        assert dataplane.service(node, web.service_address).affinity_s == timeout_s, (
            f"the kernel of {node.name} does not have the time-out of {timeout_s} s"
        )

    first = {address: _backends(outside_client, cluster, web, address, 2) for address in addresses}
    kept = sum(len(met) == 1 for met in first.values())
    time.sleep(LATE * timeout_s)  # a fixed wait: any connection of a client would restart its time-out
    # In reverse order: in the same order clients would reach the same backends again where a mode uses round robin.
    after = {address: _backends(outside_client, cluster, web, address, 1) for address in reversed(addresses)}
    moved = [address for address in addresses if after[address] != first[address]]
    claim.record("16.2", decide_affinity_timeout(CLIENTS, kept, len(moved), timeout_s))
    assert kept == CLIENTS, f"clients that met several backends within {timeout_s} s: {first}"
    assert moved, f"after {timeout_s} s without a connection all {CLIENTS} clients met the same backend as before"


def _differing(
    outside: OutsideClient, cluster: Cluster, web: ServiceHandle, first: Mapping[str, set[str]]
) -> int | None:
    """Return how many clients reach another backend through a second node's port than in `first`, the first worker's.

    None if there is no second node. Clients connect in reverse order, because ipvs mode uses round robin.
    """
    other = next((node for node in cluster.nodes if node != cluster.workers[0]), None)
    if other is None:
        return None
    return sum(
        _backends(outside, cluster, web, address, 1, node=other) != first[address] for address in reversed(list(first))
    )


def _backends(
    outside: OutsideClient, cluster: Cluster, web: ServiceHandle, source: str, count: int, node: Node | None = None
) -> set[str]:
    """Return the backends that answer this client at the node port of `node`, by default the first worker."""
    address = (node or cluster.workers[0]).address
    request = Request(address, web.node_port or 0, count, source=source, reset=True)
    replies = outside.send(request)
    assert all(reply.ok for reply in replies), [reply.error for reply in replies if not reply.ok]
    return {reply.body for reply in replies}
