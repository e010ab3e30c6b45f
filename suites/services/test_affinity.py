"""Session affinity by client address."""

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
from suites.services.decisions import Affinity, decide_affinity, decide_affinity_timeout

CLIENTS = 12
"""With so many clients and 3 backends, all meet the same backend by chance once in 177,147 times."""

ENOUGH = 60
"""With so many connections one of 3 backends is left out by chance once in ten billion times."""

TIMEOUT_S = 10800
LATE = 1.5
"""By so much longer than the time-out a case waits: timers of user-mode Linux are late by some per cent."""

SHORT_S = {"iptables": 5, "ipvs": 20, "nftables": 5}
"""In ipvs mode a client is kept for as long as a connection of its is in the table, after a reset 10 s (an ordinary
close: 120 s), and looked at a minute later if it was to be forgotten before that."""


@pytest.mark.claim("16.2")
def test_a_client_sticks_to_its_backend(
    cluster: Cluster,
    make_service: ServiceMaker,
    outside_client: OutsideClient,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """The same client meets the same backend, others spread, and a client whose backend has gone moves on; what a
    second node makes of the same clients is seen beside it."""
    limit = {"clientIP": {"timeoutSeconds": TIMEOUT_S}}
    web = make_service("web", switchable=True, type="NodePort", sessionAffinity="ClientIP", sessionAffinityConfig=limit)
    addresses = outside_client.add_addresses(CLIENTS)
    first = {address: _backends(outside_client, cluster, web, address, 5) for address in addresses}
    faithful = [address for address, met in first.items() if len(met) == 1]
    homes = {next(iter(met)) for met in first.values()}
    differing = _differing(outside_client, cluster, web, first)

    kept = dataplane.service(cluster.workers[0], web.service_address)
    leaving = next(iter(first[addresses[0]]))
    web.set_ready(leaving, False)
    web.wait_programmed(frozenset(address for pod, address in web.pods.items() if pod != leaving))
    moved = _backends(outside_client, cluster, web, addresses[0], 5)
    others = [address for address in faithful if leaving not in first[address]]
    strayed = [address for address in others if _backends(outside_client, cluster, web, address, 1) != first[address]]

    seen = Affinity(
        clients=CLIENTS,
        faithful=len(faithful),
        homes=len(homes),
        moved_to=len(moved - {leaving}),
        others=len(others),
        strayed=len(strayed),
        differing=differing,
        timeout_s=kept.affinity_s,
    )
    claim.record("16.2", decide_affinity(seen))
    assert len(faithful) == CLIENTS, f"clients that met several backends: {set(first) - set(faithful)}: {first}"
    assert len(homes) > 1, f"all {CLIENTS} clients met {homes}"
    assert not strayed, f"clients of backends that stayed were moved: {strayed}"
    assert leaving not in moved, f"{addresses[0]} still meets {leaving}, which is not ready"
    assert len(moved) == 1, f"{addresses[0]} moved to several backends: {moved}"
    assert kept.affinity_s == TIMEOUT_S, f"the kernel holds {kept}"


def test_affinity_comes_and_goes_with_its_setting(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, make_client: ClientMaker, dataplane: DataPlane
) -> None:
    """Switched on, a client that met several backends meets one; switched off, it meets several again."""
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
    """Within the time-out every client meets its backend again; after it, some meet another."""
    timeout_s = SHORT_S[cluster.mode]
    limit = {"clientIP": {"timeoutSeconds": timeout_s}}
    web = make_service("web", type="NodePort", sessionAffinity="ClientIP", sessionAffinityConfig=limit)
    addresses = outside_client.add_addresses(CLIENTS)
    for node in cluster.nodes:
        assert dataplane.service(node, web.service_address).affinity_s == timeout_s, f"in the kernel of {node.name}"

    first = {address: _backends(outside_client, cluster, web, address, 2) for address in addresses}
    kept = sum(len(met) == 1 for met in first.values())
    time.sleep(LATE * timeout_s)  # every look of a client would begin its time anew: there is no condition to wait for
    # In another order: those who come in the same one meet the same backends again where these take turns.
    after = {address: _backends(outside_client, cluster, web, address, 1) for address in reversed(addresses)}
    moved = [address for address in addresses if after[address] != first[address]]
    claim.record("16.2", decide_affinity_timeout(CLIENTS, kept, len(moved), timeout_s))
    assert kept == CLIENTS, f"within {timeout_s} s clients met several backends: {first}"
    assert moved, f"after {timeout_s} s without a connection all {CLIENTS} clients met the backend they had met before"


def _differing(
    outside: OutsideClient, cluster: Cluster, web: ServiceHandle, first: Mapping[str, set[str]]
) -> int | None:
    """How many clients meet another backend at a second node's port than `first`, at the first worker's.

    None if there is no second node. In another order, as below: backends are taken in turn in ipvs mode.
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
    """Who answers this client at a node's port: the first worker's, if none is given."""
    address = (node or cluster.workers[0]).address
    request = Request(address, web.node_port or 0, count, source=source, reset=True)
    replies = outside.send(request)
    assert all(reply.ok for reply in replies), [reply.error for reply in replies if not reply.ok]
    return {reply.body for reply in replies}
