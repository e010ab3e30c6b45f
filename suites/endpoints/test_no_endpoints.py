"""A Service without endpoints refuses connections at once."""

from errno import ECONNREFUSED, EPERM

from harness.suite import Client, ClientMaker, Cluster, Kube, OutsideClient, Request, ServiceMaker

CONNECTIONS = 3
REFUSALS = (ECONNREFUSED, EPERM)
"""Errors that count as a refusal. A node's own datagram fails with EPERM, because its kernel does not send it."""


def test_a_service_without_endpoints_refuses(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, make_client: ClientMaker, outside_client: OutsideClient
) -> None:
    """TCP and UDP to ClusterIP and node port are refused, inside and outside the cluster, without a time-out."""
    node = cluster.workers[0]
    web = make_service("web", 1, switchable=True, type="NodePort")
    tcp, udp = (port["nodePort"] for port in kube.get(web.path)["spec"]["ports"])
    pod = make_client("pod", node=node)
    host = make_client("host", node=node, host_network=True)
    at_cluster_ip = (
        Request(web.cluster_ip, 80, CONNECTIONS),
        Request(web.cluster_ip, 81, CONNECTIONS, path="hostname", protocol="udp"),
    )
    at_node_port = (
        Request(node.address, tcp, CONNECTIONS),
        Request(node.address, udp, CONNECTIONS, path="hostname", protocol="udp"),
    )
    attempts: list[tuple[Client | OutsideClient, Request]] = [
        *((client, request) for client in (pod, host) for request in at_cluster_ip),
        *((outside_client, request) for request in at_node_port),
    ]
    for client, request in attempts:
        assert all(reply.body in web.pods for reply in client.send(request)), (
            f"{request} fails although the Service has an endpoint"
        )

    (backend,) = web.pods
    web.set_ready(backend, False)
    web.wait_programmed([])
    for client, request in attempts:
        replies = client.send(request)
        assert not any(reply.ok for reply in replies), f"{request} was answered without an endpoint: {replies}"
        # One refusal is enough: the kernel limits the rate of ICMP messages.
        # https://docs.kernel.org/networking/ip-sysctl.html (icmp_ratelimit)
        assert any(reply.errno in REFUSALS for reply in replies), f"{request} was not refused: {replies}"

    web.set_ready(backend, True)
    web.wait_programmed(web.pods.values())
    for client, request in attempts:
        replies = client.send(request)
        assert all(reply.body in web.pods for reply in replies), (
            f"{request} fails after its endpoint became ready again: {replies}"
        )
