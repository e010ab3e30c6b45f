"""One source port of a client for two Services at once, which Linux may choose because the addresses differ."""

from harness.suite import (
    ClientMaker,
    Cluster,
    Request,
    ServiceMaker,
    persistent_connections,
)
from suites.modes import SERVICES_IN

PORT = 40000
"""A source port of the client's own network namespace, above the ports of servers."""


def test_connections_from_one_port_to_two_services_with_one_backend(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """A later connection from the same port to the same backend does not take the answers of an open one.

    In ipvs mode it does.
    """
    web = make_service("web", 1, node=cluster.workers[1].name)
    (other,) = web.add_services("other")
    client = make_client("client", node=cluster.workers[0])
    with persistent_connections(client, web.cluster_ip, 80, 1, source_port=PORT) as open_before:
        (reply,) = client.send(Request(other.address, other.port, source_port=PORT))
    (connection,) = open_before.connections
    backend = list(web.pods)
    assert [reply.body, connection.body] == [*backend, *backend], f"Service other: {reply}; Service web: {connection}"
    assert (not connection.error) == SERVICES_IN[cluster.mode].tells_services_apart, (
        f"in {cluster.mode} mode an open connection to {web.service_address} from port {PORT}, after one from the same "
        f"port to {other}: {connection}"
    )
