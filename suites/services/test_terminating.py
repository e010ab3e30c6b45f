"""Endpoints that are asked to leave."""

import pytest

from harness.suite import ClientMaker, Cluster, Kube, ManifestMaker, Request, ServiceMaker, Waits, bodies

CONNECTIONS = 20
GRACE_S = 60


@pytest.mark.workers(2)
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
    for name, node in zip(("first", "second"), cluster.workers[:2], strict=True):
        create("backend.yaml", name=name, app="web", node=node.name, grace=GRACE_S)
    pods = waits.wait_pods_ready(web.namespace, "app=web", 2)
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods}
    web.wait_programmed(addresses.values())
    clients = [make_client(f"client-{number}", node=node) for number, node in enumerate(cluster.workers)]

    def leave(pod: str) -> None:
        kube.request("DELETE", f"/api/v1/namespaces/{web.namespace}/pods/{pod}")

    leave("first")
    web.wait_programmed([addresses["second"]])
    for client in clients:
        met = bodies(client.send(Request(web.cluster_ip, 80, CONNECTIONS)))
        assert met == {"second": CONNECTIONS}, f"while one endpoint is ready, {client.node} met {met}"

    leave("second")
    web.wait_programmed(addresses.values())
    for client in clients:
        met = bodies(client.send(Request(web.cluster_ip, 80, CONNECTIONS)))
        assert met.total() == CONNECTIONS, (
            f"with all endpoints leaving, {CONNECTIONS - met.total()} connections were lost"
        )
        assert set(met) == set(addresses), f"{client.node} met {met}"
