"""The schedulers of ipvs, each set on one node's running kube-proxy."""

from collections import Counter

import pytest

from harness.dataplane.ipvs import IpvsDataPlane
from harness.suite import (
    ClaimRecorder,
    Client,
    ClientMaker,
    Cluster,
    OutsideClient,
    Proxies,
    Request,
    ServiceHandle,
    ServiceMaker,
    bodies,
    persistent_connections,
    sequence_statistics,
)

BACKENDS = 3
OPEN, MORE = 6, 3
CLIENTS = 8
"""With 8 clients and 3 backends, all clients reach the same backend by chance once in 2,187 times."""

ROTATION = 60


@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.claim("2.3")
def test_each_scheduler_distributes_as_it_says(
    cluster: Cluster,
    ipvs_dataplane: IpvsDataPlane,
    proxies: Proxies,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    outside_client: OutsideClient,
    claim: ClaimRecorder,
) -> None:
    """lc chooses the backend with the fewest connections, sh keeps a client's backend, wrr rotates.

    All weights are 1, so wrr does the same as rr.
    """
    node = cluster.workers[0]
    web = make_service("web", BACKENDS, switchable=True, type="NodePort")
    client = make_client("client", node=node)
    schedulers: list[str] = []

    def scheduler() -> str:
        found = ipvs_dataplane.virtual_server(node, web.service_address)
        assert found is not None
        assert set(found.weights.values()) == {1}, f"weights of {web.service_address}: {found.weights}"
        return found.scheduler

    by_rr = connections_to_new_backend(web, client)
    schedulers.append(scheduler())
    with proxies.changing((node,), "ipvs", "scheduler") as set_scheduler:
        set_scheduler("lc")
        by_lc = connections_to_new_backend(web, client)
        schedulers.append(scheduler())
        set_scheduler("sh")
        backends_by_client = backends_met_by_clients(cluster, web, outside_client)
        schedulers.append(scheduler())
        set_scheduler("wrr")
        wrr_replies = client.send(Request(web.cluster_ip, 80, ROTATION))
        schedulers.append(scheduler())
    rotation = sequence_statistics([reply.body for reply in wrr_replies], BACKENDS)

    sticky = [source for source, met in backends_by_client.items() if len(met) == 1]
    all_met = set().union(*backends_by_client.values())
    several = by_lc == MORE and len(sticky) == CLIENTS and len(all_met) > 1
    evidence = (
        f"On node {node.name}, with {OPEN} connections open to two backends when a third became ready, the third got "
        f"{by_rr} of {MORE} new connections with scheduler rr and {by_lc} with lc. With sh {len(sticky)} of {CLIENTS} "
        f"clients kept one backend, and all clients together reached {len(all_met)} backends. With wrr backends were "
        f"{'' if rotation.rotates else 'not '}chosen in strict rotation, which is how rr chooses them: every backend "
        "has weight 1, and no field of a Service sets another weight."
    )
    if several:
        claim.conditional(
            "2.3", "one scheduler for all Services, set in kube-proxy's configuration, and no weights", evidence
        )
    else:
        claim.refuted("2.3", evidence)
    assert schedulers == ["rr", "lc", "sh", "wrr"]
    assert (by_rr, by_lc) == (1, MORE), f"of {MORE} new connections the new backend got {by_rr} by rr, {by_lc} by lc"
    assert len(sticky) == CLIENTS, f"backends met by each client with scheduler sh: {backends_by_client}"
    assert len(all_met) > 1, f"backends met by each client with scheduler sh: {backends_by_client}"
    assert rotation.rotates, rotation


def connections_to_new_backend(web: ServiceHandle, client: Client) -> int:
    """Return how many of `MORE` connections go to a backend that became ready with `OPEN` open to the others."""
    new, *others = web.pods
    web.set_ready(new, False)
    web.wait_programmed(web.pods[pod] for pod in others)
    with persistent_connections(client, web.cluster_ip, 80, OPEN):
        web.set_ready(new, True)
        web.wait_programmed(web.pods.values())
        with persistent_connections(client, web.cluster_ip, 80, MORE) as more:
            pass
    assert not more.broken, more.broken
    return Counter(connection.body for connection in more.connections)[new]


def backends_met_by_clients(cluster: Cluster, web: ServiceHandle, outside: OutsideClient) -> dict[str, set[str]]:
    """Return the backends that each of `CLIENTS` client addresses reaches in `BACKENDS` connections."""
    node = cluster.workers[0].address
    return {
        source: set(bodies(outside.send(Request(node, web.node_port or 0, BACKENDS, source=source))))
        for source in outside.add_addresses(CLIENTS)
    }
