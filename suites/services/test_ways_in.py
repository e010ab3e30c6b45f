"""Every way to reach a Service: its addresses, its protocols, and clients in a pod, on a node and in the backend."""

import pytest

from harness.suite import (
    ClientMaker,
    Cluster,
    DataPlane,
    Kube,
    Request,
    ServiceAddress,
    ServiceHandle,
    ServiceMaker,
    wait_until,
)

CONNECTIONS = 5


@pytest.mark.workers(2)
def test_a_service_is_reached_by_every_way_in(
    cluster: Cluster,
    kube: Kube,
    dataplane: DataPlane,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    spare_address: str,
) -> None:
    """The Service answers at ClusterIP, node port and load balancer address, over TCP and UDP.

    Clients are a pod, a node and the backend itself.
    """
    web = make_service("web", 1, node=cluster.workers[0].name, type="LoadBalancer")
    announce(kube, dataplane, web, spare_address)
    pod = make_client("pod", node=cluster.workers[1])
    host = make_client("host", node=cluster.workers[1], host_network=True)
    other = cluster.workers[1].address
    ways = {
        "ClusterIP": Request(web.cluster_ip, 80, CONNECTIONS),
        "ClusterIP, UDP": Request(web.cluster_ip, 81, CONNECTIONS, path="hostname", protocol="udp"),
        "node port": Request(other, web.node_port or 0, CONNECTIONS),
        "balancer's address": Request(spare_address, 80, CONNECTIONS),
        "balancer's address, UDP": Request(spare_address, 81, CONNECTIONS, path="hostname", protocol="udp"),
    }
    lost = {
        f"{name} from {client.name}": [reply.error for reply in client.send(request) if reply.body not in web.pods]
        for name, request in ways.items()
        for client in (pod, host)
    }
    assert not any(lost.values()), lost

    (reply,) = pod.send(Request(web.cluster_ip, 80, path="/clientip"))
    assert reply.body.rpartition(":")[0] == pod.address, (
        f"the backend did not see the client's own address {pod.address}, but {reply.body}"
    )

    (backend,) = web.pods
    hairpin = kube.exec(web.namespace, backend, ("/agnhost", "connect", f"{web.cluster_ip}:80", "--timeout=2s"))
    assert hairpin.exit_code == 0, f"a backend did not reach itself through {web.cluster_ip}: {hairpin.stderr}"


def announce(kube: Kube, dataplane: DataPlane, web: ServiceHandle, address: str) -> None:
    """Set the Service's load balancer address in its status, and wait until every node's kernel has it."""
    status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    kube.merge(f"/api/v1/namespaces/{web.namespace}/services/{web.name}/status", status)
    for node in kube.cluster.nodes:
        wait_until(
            f"{address} in the kernel of node {node.name}",
            lambda node=node: dataplane.missing(node, frozenset({ServiceAddress(address, 80)})),  # type: ignore[misc]
            lambda missing: not missing,
            deadline_s=60.0,
        )
