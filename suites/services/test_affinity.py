"""Session affinity by client address."""

import pytest

from harness.suite import (
    ClaimRecorder,
    Cluster,
    DataPlane,
    OutsideClient,
    Request,
    ServiceHandle,
    ServiceMaker,
)

CLIENTS = 12
"""With so many clients and 3 backends, all meet the same backend by chance once in 177,147 times."""

TIMEOUT_S = 10800


@pytest.mark.claim("16.2")
def test_a_client_sticks_to_its_backend(
    cluster: Cluster,
    make_service: ServiceMaker,
    outside_client: OutsideClient,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """The same client meets the same backend, others spread, and a client whose backend has gone moves on."""
    limit = {"clientIP": {"timeoutSeconds": TIMEOUT_S}}
    web = make_service("web", type="NodePort", sessionAffinity="ClientIP", sessionAffinityConfig=limit)
    addresses = outside_client.add_addresses(CLIENTS)
    first = {address: _backends(outside_client, cluster, web, address, 5) for address in addresses}
    faithful = [address for address, met in first.items() if len(met) == 1]
    homes = {next(iter(met)) for met in first.values()}

    kept = dataplane.service(cluster.workers[0], web.front)
    leaving = next(iter(first[addresses[0]]))
    web.set_ready(leaving, False)
    web.wait_programmed(frozenset(address for pod, address in web.pods.items() if pod != leaving))
    moved = _backends(outside_client, cluster, web, addresses[0], 5)

    holds = len(faithful) == CLIENTS and len(homes) > 1 and len(moved) == 1 and leaving not in moved
    claim.decide(
        "16.2",
        holds,
        f"{len(faithful)} of {CLIENTS} client addresses met one backend in 5 connections each, "
        f"together they met {len(homes)} backends; the kernel holds a time-out of {kept.affinity_s} s. "
        f"When its backend became unready, a client moved to {len(moved)} other and stayed there.",
    )
    assert len(faithful) == CLIENTS, f"clients that met several backends: {set(first) - set(faithful)}: {first}"
    assert len(homes) > 1, f"all {CLIENTS} clients met {homes}"
    assert leaving not in moved, f"{addresses[0]} still meets {leaving}, which is not ready"
    assert len(moved) == 1, f"{addresses[0]} moved to several backends: {moved}"
    assert kept.affinity_s == TIMEOUT_S, f"the kernel holds {kept}"


def _backends(outside: OutsideClient, cluster: Cluster, web: ServiceHandle, source: str, count: int) -> set[str]:
    """Who answers this client at the first worker's node port."""
    request = Request(cluster.workers[0].address, web.node_port or 0, count, source=source)
    replies = outside.send(request)
    assert all(reply.ok for reply in replies), [reply.error for reply in replies if not reply.ok]
    return {reply.body for reply in replies}
