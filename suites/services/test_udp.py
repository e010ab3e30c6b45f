"""UDP: what the kernel remembers of a client that keeps its port must not outlive a backend.

https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/conntrack/cleanup.go
"""

from harness.suite import (
    Backend,
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
    wait_backends,
    wait_until,
)

PORT, BACKEND_PORT = 40000, 8081
SPACING_S, PATIENCE_S = 0.05, 0.2
"""A kernel tells a client that it is refused about once a second; the other datagrams seem lost."""

LAST = 20
DEADLINE_S = 25.0
"""Sooner than the 30 s after which the kernel forgets a UDP flow by itself, which goes on here anyway."""


def test_a_datagram_client_moves_on_when_its_backend_leaves(
    cluster: Cluster, dataplane: DataPlane, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """A flow of one port stays with its backend while that is there, and is led to the other when it is not."""
    node = cluster.workers[0]
    web = make_service("web", 2, switchable=True)
    client = make_client("client", node=node)
    service_address = ServiceAddress(web.cluster_ip, 81, "UDP")
    (first,) = client.send(asking(web))
    with steady_traffic(client, asking(web)) as traffic:
        assert tracked(dataplane, cluster, client, web) == {web.pods[first.body]}
        web.set_ready(first.body, False)
        (other,) = set(web.pods) - {first.body}
        wait_backends(dataplane, node, service_address, frozenset({Backend(web.pods[other], BACKEND_PORT)}))
        wait_until(
            f"the flow of {client.address}:{PORT} led to {other}",
            lambda: tracked(dataplane, cluster, client, web),
            lambda found: found == {web.pods[other]},
            deadline_s=DEADLINE_S,
        )
    met = [reply.body for reply in traffic.replies if reply.ok]
    moved_at = met.index(other)
    assert set(met[:moved_at]) == {first.body}, "it did not stay with its first backend"
    assert set(met[moved_at:]) == {other}, f"it went back to {first.body}, which is not ready"


def test_a_datagram_client_that_came_too_early_is_served_later(
    cluster: Cluster,
    kube: Kube,
    dataplane: DataPlane,
    make_service: ServiceMaker,
    make_client: ClientMaker,
) -> None:
    """A flow to a Service without endpoints that never pauses: the first endpoint gets it."""
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
    assert not early.ok, f"answered by {early.body} without an endpoint"
    assert any(reply.ok for reply in late), f"port {PORT} is lost though the kernel has the endpoint: {late}"


def asking(web: ServiceHandle) -> Request:
    """A datagram from the port that the client keeps."""
    return Request(
        web.cluster_ip, 81, path="hostname", protocol="udp", spacing_s=SPACING_S, timeout_s=PATIENCE_S, source_port=PORT
    )


def tracked(dataplane: DataPlane, cluster: Cluster, client: Client, web: ServiceHandle) -> set[str]:
    """The backends to which connection tracking has led the client's flow."""
    entries = dataplane.conntrack(cluster.workers[0], client.address)
    flow = [entry for entry in entries if f"dst={web.cluster_ip} sport={PORT} dport=81 " in entry]
    return {address for address in web.pods.values() for entry in flow if f"src={address} " in entry}
