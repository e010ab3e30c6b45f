"""Endpoints that are asked to leave."""

from collections.abc import Iterator

import pytest

from harness.suite import (
    PROGRAMMED_DEADLINE_S,
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
    delayed,
    host_patience,
)

CONNECTIONS = 20
DEPARTURES = 2


@pytest.fixture
def end_leaving_pods(kube: Kube, namespace: str) -> Iterator[None]:
    """Tell the case's backends to end at its end: with their grace their namespace would stay for minutes."""
    yield
    for pod in kube.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dweb")["items"]:
        told = kube.exec(namespace, pod["metadata"]["name"], ("touch", "/tmp/end"))
        assert told.exit_code == 0, told.stderr


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
    """One that leaves gets no new connection while another is ready; when all leave, they get them again (KEP-1669)."""
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
        assert not delayed(replies), f"from {client.node} first packets were lost: {delayed(replies)}"
        return dict(bodies(replies))

    leave("first")
    web.wait_programmed([addresses["second"]])
    for client in clients:
        met = backends_met(client)
        assert met == {"second": CONNECTIONS}, f"while one endpoint is ready, {client.node} met {met}"

    leave("second")
    web.wait_programmed(addresses.values())
    for client in clients:
        met = backends_met(client)
        assert sum(met.values()) == CONNECTIONS, (
            f"with all endpoints leaving, {CONNECTIONS - sum(met.values())} connections were lost"
        )
        assert set(met) == set(addresses), f"{client.node} met {met}"


def grace_s(cluster: Cluster, asking: Request, patience: Patience | None = None) -> int:
    """Return for how long a leaving pod serves on: longer than all that comes after the first departure may take.

    Each departure is waited for in every kernel, with this patience (that of this host, if none is given), and then
    every worker's client asks.
    """
    waiting_s = (patience or host_patience()).seconds(PROGRAMMED_DEADLINE_S) * len(cluster.nodes)
    return round(DEPARTURES * (waiting_s + asking.limit_s * len(cluster.workers)))
