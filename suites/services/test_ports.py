"""Services with many ports, and Services whose ports, selector or existence change."""

from typing import Any

from harness.dataplane.reader import Backend
from harness.dataplane.services import wait_backends
from harness.suite import (
    ClientMaker,
    Cluster,
    DataPlane,
    Kube,
    Request,
    ServiceAddress,
    ServiceHandle,
    ServiceMaker,
    Waits,
    bodies,
)

CONNECTIONS, FEW = 30, 3
"""With 30 connections to two backends chosen at random, one backend gets none once in 500 million times."""

EACH = 10
PORTS = 20
FIRST_PORT = 1000
BASES = {"blue": 2000, "green": 3000}
"""The first named port's number on each backend."""


def test_each_of_many_named_ports_leads_to_its_own(
    cluster: Cluster,
    kube: Kube,
    waits: Waits,
    dataplane: DataPlane,
    make_service: ServiceMaker,
    make_client: ClientMaker,
) -> None:
    """20 ports have named target ports, and each name is a different number on each backend."""
    ports = [{"name": name(n), "port": FIRST_PORT + n, "targetPort": name(n)} for n in range(PORTS)]
    web = make_service("web", 0, ports=ports)
    kube.create(web.namespace, *(many_ports(cluster, pod, base) for pod, base in BASES.items()))
    pods = waits.wait_pods_ready(web.namespace, "app=web", len(BASES))
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods}
    client = make_client("client", node=cluster.workers[0])
    service_addresses = [ServiceAddress(web.cluster_ip, FIRST_PORT + number) for number in range(PORTS)]
    web.wait_service_addresses(*service_addresses, present=True)
    targets = {Backend(addresses[pod], base + PORTS - 1) for pod, base in BASES.items()}
    wait_backends(dataplane, cluster.workers[0], service_addresses[-1], frozenset(targets))
    for number, service_address in enumerate(service_addresses):
        met = bodies(client.send(Request(service_address.address, service_address.port, EACH)))
        assert met.total() == EACH, f"{EACH - met.total()} of {EACH} connections to {service_address} were lost"
        assert set(met) <= {f"{pod} {name(number)}" for pod in BASES}, f"{service_address} was answered by {met}"


def test_one_port_number_serves_two_protocols(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """TCP and UDP on the same port number, as for DNS, each lead to their own target port."""
    ports = [
        {"name": "tcp", "port": 80, "protocol": "TCP", "targetPort": 8080},
        {"name": "udp", "port": 80, "protocol": "UDP", "targetPort": 8081},
    ]
    web = make_service("web", 2, ports=ports)
    client = make_client("client", node=cluster.workers[0])
    over_tcp = bodies(client.send(Request(web.cluster_ip, 80, CONNECTIONS)))
    over_udp = bodies(client.send(Request(web.cluster_ip, 80, CONNECTIONS, path="hostname", protocol="udp")))
    assert (over_tcp.total(), over_udp.total()) == (CONNECTIONS, CONNECTIONS)
    assert set(over_tcp) | set(over_udp) == set(web.pods)


def test_a_service_follows_its_ports_and_its_selector(
    cluster: Cluster,
    kube: Kube,
    dataplane: DataPlane,
    make_service: ServiceMaker,
    make_client: ClientMaker,
) -> None:
    """After a change of port or selector the new one works, and the old one is gone from every kernel."""
    web, other = make_service("web", 2), make_service("other", 2)
    client = make_client("client", node=cluster.workers[0])
    moved = ServiceAddress(web.cluster_ip, 8000)
    kube.merge(web.path, {"spec": {"ports": [{"name": "http", "port": moved.port, "targetPort": 8080}]}})
    for node in cluster.nodes:
        wait_backends(dataplane, node, moved, backends_of(web))
    web.wait_service_addresses(web.service_address, present=False)
    assert set(bodies(client.send(Request(moved.address, moved.port, CONNECTIONS)))) == set(web.pods)
    at_old_port = client.send(Request(web.cluster_ip, 80, FEW, timeout_s=1.0))
    assert not bodies(at_old_port), (
        f"{web.service_address} is no longer a port of Service web and answers: {at_old_port}"
    )

    kube.merge(web.path, {"spec": {"selector": {"app": "other"}}})
    for node in cluster.nodes:
        wait_backends(dataplane, node, moved, backends_of(other))
    met = bodies(client.send(Request(moved.address, moved.port, CONNECTIONS)))
    assert (met.total(), set(met)) == (CONNECTIONS, set(other.pods)), f"of {CONNECTIONS} connections: {met}"


def test_a_service_made_again_at_its_address_works_again(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """A deleted Service leaves every kernel and does not answer. Made again with the same ClusterIP, it works."""
    web = make_service("web", 2)
    client = make_client("client", node=cluster.workers[0])
    kube.request("DELETE", web.path)
    web.wait_service_addresses(web.service_address, present=False)
    gone = client.send(Request(web.cluster_ip, 80, FEW, timeout_s=1.0))
    assert not bodies(gone), f"{web.service_address} of a deleted Service answered: {gone}"

    (service_address,) = web.add_services("web", clusterIP=web.cluster_ip)
    assert service_address == web.service_address
    web.wait_programmed(web.pods.values())
    met = bodies(client.send(Request(web.cluster_ip, 80, CONNECTIONS)))
    assert (met.total(), set(met)) == (CONNECTIONS, set(web.pods)), f"of {CONNECTIONS} connections: {met}"


def backends_of(service: ServiceHandle) -> frozenset[Backend]:
    """Return the backends of the Service's pods at their HTTP port."""
    return frozenset(Backend(address, 8080) for address in service.pods.values())


def name(number: int) -> str:
    """Return the port's name, which is the same in the Service and in its pods."""
    return f"port-{number}"


def many_ports(cluster: Cluster, pod: str, base: int) -> dict[str, Any]:
    """Return a pod of Service web with `PORTS` ports from `base`. Each answers with the pod's and the port's name."""
    container = {
        "name": "server",
        "image": cluster.images.agnhost,
        "args": ["porter"],
        "env": [{"name": f"SERVE_PORT_{base + n}", "value": f"{pod} {name(n)}"} for n in range(PORTS)],
        "ports": [{"name": name(n), "containerPort": base + n} for n in range(PORTS)],
        "readinessProbe": {"tcpSocket": {"port": base + PORTS - 1}, "periodSeconds": 1},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod, "labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 0, "enableServiceLinks": False, "containers": [container]},
    }
