"""Terminating endpoints."""

from collections.abc import Iterator

import pytest

from harness.dataplane.services import PROGRAMMED_DEADLINE_S
from harness.suite import (
    Client,
    ClientMaker,
    Cluster,
    Kube,
    ManifestMaker,
    Patience,
    Request,
    ServiceMaker,
    Waits,
    bodies,
    host_patience,
)
from harness.traffic.requests import delayed

CONNECTIONS = 20
DEPARTURES = 2


@pytest.fixture
def end_leaving_pods(kube: Kube, namespace: str) -> Iterator[None]:
    """End the case's backends after the case. Their grace period would otherwise keep the namespace for minutes."""
    yield
    for pod in kube.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dweb")["items"]:
        done = kube.exec(namespace, pod["metadata"]["name"], ("touch", "/tmp/end"))
        assert done.exit_code == 0, done.stderr


@pytest.mark.workers(2)
@pytest.mark.usefixtures("end_leaving_pods")
def test_leaving_endpoints_serve_when_no_other_is_there(
    cluster: Cluster,
    kube: Kube,
    waits: Waits,
    create: ManifestMaker,
    make_service: ServiceMaker,
    make_client: ClientMaker,
) -> None:
    """A terminating endpoint gets no new connections while another is ready.

    When all endpoints are terminating, they get new connections again (KEP-1669).
    """
    web = make_service("web", 0)
    asking = Request(web.cluster_ip, 80, CONNECTIONS)
    for name, node in zip(("first", "second"), cluster.workers[:2], strict=True):
        create("leaving-backend.yaml", name=name, app="web", node=node.name, grace=grace_s(cluster, asking))
    pods = waits.wait_pods_ready(web.namespace, "app=web", 2)
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods}
    web.wait_programmed(addresses.values())
    clients = [make_client(f"client-{number}", node=node) for number, node in enumerate(cluster.workers)]

    def leave(pod: str) -> None:
        kube.request("DELETE", f"/api/v1/namespaces/{web.namespace}/pods/{pod}")

    def backends_met(client: Client) -> dict[str, int]:
        replies = client.send(asking)
        assert not delayed(replies), f"first packets from {client.node} were lost: {delayed(replies)}"
        return dict(bodies(replies))

    leave("first")
    web.wait_programmed([addresses["second"]])
    for client in clients:
        met = backends_met(client)
        assert met == {"second": CONNECTIONS}, (
            f"with pod first terminating and second ready, connections from {client.node} were answered by {met}"
        )

    leave("second")
    web.wait_programmed(addresses.values())
    for client in clients:
        met = backends_met(client)
        assert sum(met.values()) == CONNECTIONS, (
            f"with all endpoints terminating, {CONNECTIONS - sum(met.values())} of {CONNECTIONS} connections from "
            f"{client.node} were lost"
        )
        assert set(met) == set(addresses), (
            f"with all endpoints terminating, connections from {client.node} were answered by {met}"
        )


def grace_s(cluster: Cluster, asking: Request, patience: Patience | None = None) -> int:
    """Return the grace period in seconds for pods that keep serving while they terminate.

    It is longer than everything after the first deletion may take. For each of the two deletions the case waits until
    every kernel is programmed, with deadlines extended by `patience` (by default that of this host), and then a client
    on every worker sends its requests.
    """
    waiting_s = (patience or host_patience()).seconds(PROGRAMMED_DEADLINE_S) * len(cluster.nodes)
    return round(DEPARTURES * (waiting_s + asking.limit_s * len(cluster.workers)))
