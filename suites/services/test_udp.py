"""UDP: the conntrack entry of a client that keeps its source port must not outlive the backend.

https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/conntrack/cleanup.go
"""

from harness.dataplane.reader import Backend
from harness.dataplane.services import wait_backends
from harness.suite import (
    Client,
    ClientMaker,
    Cluster,
    DataPlane,
    Kube,
    Request,
    ServiceAddress,
    ServiceHandle,
    ServiceMaker,
    steady_traffic,
    wait_until,
)

PORT, BACKEND_PORT = 40000, 8081
SPACING_S, TIMEOUT_S = 0.05, 0.2
"""A kernel sends a refusal (ICMP) about once a second. The other refused datagrams look lost to the client."""

LAST = 20
DEADLINE_S = 25.0
"""Less than the 30 s after which the kernel forgets an idle UDP flow. The flow here is never idle."""


def test_a_datagram_client_moves_on_when_its_backend_leaves(
    cluster: Cluster, dataplane: DataPlane, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """A flow from one port stays with its backend while that is ready, and moves to the other one afterwards."""
    node = cluster.workers[0]
    web = make_service("web", 2, switchable=True)
    client = make_client("client", node=node)
    service_address = ServiceAddress(web.cluster_ip, 81, "UDP")
    with steady_traffic(client, asking(web)) as traffic:
        first = next((reply.body for reply in traffic.replies if reply.ok), None)
        assert first is not None, f"none of {len(traffic.replies)} datagrams to {service_address} was answered"
        assert tracked(dataplane, cluster, client, web) == {web.pods[first]}
        web.set_ready(first, False)
        (other,) = set(web.pods) - {first}
        wait_backends(dataplane, node, service_address, frozenset({Backend(web.pods[other], BACKEND_PORT)}))
        wait_until(
            f"the flow of {client.address}:{PORT} tracked to {other} on node {node.name}",
            lambda: tracked(dataplane, cluster, client, web),
            lambda found: found == {web.pods[other]},
            deadline_s=DEADLINE_S,
        )
    met = [reply.body for reply in traffic.replies if reply.ok]
    moved_at = met.index(other)
    assert set(met[:moved_at]) == {first}, f"the flow left {first} while it was ready"
    assert set(met[moved_at:]) == {other}, f"the flow went back to {first}, which is not ready"


def test_a_datagram_client_that_came_too_early_is_served_later(
    cluster: Cluster,
    kube: Kube,
    dataplane: DataPlane,
    make_service: ServiceMaker,
    make_client: ClientMaker,
) -> None:
    """A steady flow to a Service without endpoints reaches the first endpoint that becomes ready."""
    web = make_service("web", 1, switchable=True)
    client = make_client("client", node=cluster.workers[0])
    (backend,) = web.pods
    web.set_ready(backend, False)
    service_address = ServiceAddress(web.cluster_ip, 81, "UDP")
    wait_backends(dataplane, cluster.workers[0], service_address, frozenset())
    with steady_traffic(client, asking(web)) as traffic:
        web.set_ready(backend, True)
        wait_backends(
            dataplane, cluster.workers[0], service_address, frozenset({Backend(web.pods[backend], BACKEND_PORT)})
        )
    early, late = traffic.replies[0], traffic.replies[-LAST:]
    assert not early.ok, f"{service_address} has no endpoint and was answered by {early.body}"
    assert any(reply.ok for reply in late), (
        f"datagrams from port {PORT} to {service_address} are lost although the kernel has the endpoint: {late}"
    )


def asking(web: ServiceHandle) -> Request:
    """Return a request of one datagram from the client's fixed source port."""
    return Request(
        web.cluster_ip, 81, path="hostname", protocol="udp", spacing_s=SPACING_S, timeout_s=TIMEOUT_S, source_port=PORT
    )


def tracked(dataplane: DataPlane, cluster: Cluster, client: Client, web: ServiceHandle) -> set[str]:
    """Return the backends that connection tracking has for the client's flow."""
    entries = dataplane.conntrack(cluster.workers[0], client.address)
    flow = [entry for entry in entries if f"dst={web.cluster_ip} sport={PORT} dport=81 " in entry]
    return {address for address in web.pods.values() for entry in flow if f"src={address} " in entry}
