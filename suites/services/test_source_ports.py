"""One source port of a client for two Services at once, which Linux may choose because the addresses differ."""

from harness.suite import (
    ClientMaker,
    Cluster,
    Request,
    ServiceMaker,
    persistent_connections,
)
from suites.modes import SERVICES_IN

PORTS = range(40000, 40003)
"""Source ports of the client's own network namespace, above the ports of servers; one for each pair of connections.

Linux 7 resizes the table of ipvs as the number of connections changes, and then an older connection comes first until
the next resize. So ipvs is asked again if a pair gets its answers; the other modes have to tell all pairs apart.
"""


def test_connections_from_one_port_to_two_services_with_one_backend(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """A later connection from the same port to the same backend does not take the answers of an open one.

    In ipvs mode it does.
    """
    web = make_service("web", 1, node=cluster.workers[1].name)
    (other,) = web.add_services("other")
    client = make_client("client", node=cluster.workers[0])
    (backend,) = web.pods
    answered = []
    for port in PORTS:
        with persistent_connections(client, web.cluster_ip, 80, 1, source_port=port) as open_before:
            (reply,) = client.send(Request(other.address, other.port, source_port=port))
        (connection,) = open_before.connections
        assert [reply.body, connection.body] == [backend, backend], f"Service other: {reply}; Service web: {connection}"
        answered.append(not connection.error)
        if not answered[-1]:
            break
    assert all(answered) == SERVICES_IN[cluster.mode].tells_services_apart, (
        f"in {cluster.mode} mode an open connection from port {port} to {web.service_address}: {connection}, "
        f"after one from the same port to {other}"
    )
