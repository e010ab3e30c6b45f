"""Services with many ports, and Services that change."""

from typing import Any

from harness.suite import (
    Backend,
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
    wait_backends,
)

CONNECTIONS, FEW = 30, 3
"""30 that each meet one of two backends by chance meet both but once in 500 million times."""

EACH = 10
PORTS = 20
FIRST_PORT = 1000
BASES = {"blue": 2000, "green": 3000}
"""Where the named ports of each backend begin."""


def test_each_of_many_named_ports_leads_to_its_own(
    cluster: Cluster,
    kube: Kube,
    waits: Waits,
    dataplane: DataPlane,
    make_service: ServiceMaker,
    make_client: ClientMaker,
) -> None:
    """20 ports with names for targets, which are other numbers on each backend."""
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
        assert met.total() == EACH, f"{EACH - met.total()} connections to {service_address} were lost"
        assert set(met) <= {f"{pod} {name(number)}" for pod in BASES}, f"{service_address} led to {met}"


def test_one_port_number_serves_two_protocols(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """TCP and UDP on the same number, as DNS has them, lead each to its own target."""
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
    """Another port, other backends: what is new works, and what is old is gone from every kernel."""
    web, other = make_service("web", 2), make_service("other", 2)
    client = make_client("client", node=cluster.workers[0])
    moved = ServiceAddress(web.cluster_ip, 8000)
    kube.merge(web.path, {"spec": {"ports": [{"name": "http", "port": moved.port, "targetPort": 8080}]}})
    for node in cluster.nodes:
        wait_backends(dataplane, node, moved, backends_of(web))
    web.wait_service_addresses(web.service_address, present=False)
    assert set(bodies(client.send(Request(moved.address, moved.port, CONNECTIONS)))) == set(web.pods)
    at_old_port = client.send(Request(web.cluster_ip, 80, FEW, timeout_s=1.0))
    assert not bodies(at_old_port), f"the port that was given up is answered: {at_old_port}"

    kube.merge(web.path, {"spec": {"selector": {"app": "other"}}})
    for node in cluster.nodes:
        wait_backends(dataplane, node, moved, backends_of(other))
    met = bodies(client.send(Request(moved.address, moved.port, CONNECTIONS)))
    assert (met.total(), set(met)) == (CONNECTIONS, set(other.pods)), f"met {met}"


def test_a_service_made_again_at_its_address_works_again(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """Deleted, it is gone from every kernel and answers nobody; made again with the same ClusterIP it serves."""
    web = make_service("web", 2)
    client = make_client("client", node=cluster.workers[0])
    kube.request("DELETE", web.path)
    web.wait_service_addresses(web.service_address, present=False)
    gone = client.send(Request(web.cluster_ip, 80, FEW, timeout_s=1.0))
    assert not bodies(gone), f"a Service that is gone was answered: {gone}"

    (service_address,) = web.add_services("web", clusterIP=web.cluster_ip)
    assert service_address == web.service_address
    web.wait_programmed(web.pods.values())
    met = bodies(client.send(Request(web.cluster_ip, 80, CONNECTIONS)))
    assert (met.total(), set(met)) == (CONNECTIONS, set(web.pods)), f"met {met}"


def backends_of(service: ServiceHandle) -> frozenset[Backend]:
    return frozenset(Backend(address, 8080) for address in service.pods.values())


def name(number: int) -> str:
    """What the port is called, in the Service and in its pods."""
    return f"port-{number}"


def many_ports(cluster: Cluster, pod: str, base: int) -> dict[str, Any]:
    """A pod of `web` that listens on as many ports and answers with its name and the port's."""
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
