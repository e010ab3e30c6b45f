"""The algorithms of ipvs, each on one node's living kube-proxy."""

from collections import Counter

import pytest

from harness.suite import (
    ClaimRecorder,
    Client,
    ClientMaker,
    Cluster,
    IpvsDataPlane,
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
HELD, MORE = 6, 3
CLIENTS = 8
"""With so many clients and 3 backends, all meet the same backend by chance once in 2,187 times."""

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
    """lc goes where the fewest connections are held, sh keeps a client's backend, wrr finds all weights equal."""
    node = cluster.workers[0]
    web = make_service("web", BACKENDS, switchable=True, type="NodePort")
    client = make_client("client", node=node)
    schedulers: list[str] = []

    def scheduler() -> str:
        found = ipvs_dataplane.virtual_server(node, web.service_address)
        assert found is not None
        assert set(found.weights.values()) == {1}, f"weights of {web.service_address}: {found.weights}"
        return found.scheduler

    by_rr = newcomers_share(web, client)
    schedulers.append(scheduler())
    with proxies.changing((node,), "ipvs", "scheduler") as set_scheduler:
        set_scheduler("lc")
        by_lc = newcomers_share(web, client)
        schedulers.append(scheduler())
        set_scheduler("sh")
        homes = homes_of_clients(cluster, web, outside_client)
        schedulers.append(scheduler())
        set_scheduler("wrr")
        in_turn = client.send(Request(web.cluster_ip, 80, ROTATION))
        schedulers.append(scheduler())
    rotation = sequence_statistics([reply.body for reply in in_turn], BACKENDS)

    faithful = [source for source, met in homes.items() if len(met) == 1]
    together = set().union(*homes.values())
    several = by_lc == MORE and len(faithful) == CLIENTS and len(together) > 1
    evidence = (
        f"On node {node.name}, with {HELD} connections held to two backends and a third one coming in, of {MORE} more "
        f"the newcomer got {by_rr} by rr and {by_lc} by lc. By sh {len(faithful)} of {CLIENTS} clients kept one "
        f"backend and together met {len(together)}. By wrr backends came in {'strict' if rotation.rotates else 'no'} "
        "rotation, as by rr: every backend has weight 1, and no field of a Service gives another."
    )
    if several:
        claim.conditional(
            "2.3", "one algorithm for all Services, by kube-proxy's configuration; none by weights", evidence
        )
    else:
        claim.refuted("2.3", evidence)
    assert schedulers == ["rr", "lc", "sh", "wrr"]
    assert (by_rr, by_lc) == (1, MORE)
    assert len(faithful) == CLIENTS, homes
    assert len(together) > 1, homes
    assert rotation.rotates, rotation


def newcomers_share(web: ServiceHandle, client: Client) -> int:
    """Of `MORE` connections, those that a backend gets which comes in while `HELD` are open to the others."""
    newcomer, *others = web.pods
    web.set_ready(newcomer, False)
    web.wait_programmed(web.pods[pod] for pod in others)
    with persistent_connections(client, web.cluster_ip, 80, HELD):
        web.set_ready(newcomer, True)
        web.wait_programmed(web.pods.values())
        with persistent_connections(client, web.cluster_ip, 80, MORE) as more:
            pass
    assert not more.broken, more.broken
    return Counter(held.body for held in more.connections)[newcomer]


def homes_of_clients(cluster: Cluster, web: ServiceHandle, outside: OutsideClient) -> dict[str, set[str]]:
    """Whom each of several clients meets in as many connections as there are backends."""
    node = cluster.workers[0].address
    return {
        source: set(bodies(outside.send(Request(node, web.node_port or 0, BACKENDS, source=source))))
        for source in outside.add_addresses(CLIENTS)
    }
