"""Services with the label service-proxy-name, which kube-proxy ignores."""

from harness.dataplane.services import service_path
from harness.suite import ClientMaker, Cluster, Kube, Request, ServiceMaker, bodies

CONNECTIONS, FEW = 10, 3
LABEL = "service.kubernetes.io/service-proxy-name"
"""https://kubernetes.io/docs/reference/labels-annotations-taints/#servicekubernetesioservice-proxy-name"""


def test_a_service_of_another_proxy_is_left_alone(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """With the label the Service's rules leave every kernel and it does not answer. Without it, it works again."""
    web = make_service("web", 1)
    (service_address,) = web.add_services("labelled")
    client = make_client("client", node=cluster.workers[0])

    def set_proxy(name: str | None) -> None:
        kube.merge(service_path(web.namespace, "labelled"), {"metadata": {"labels": {LABEL: name}}})

    set_proxy("somebody-else")
    web.wait_service_addresses(service_address, present=False)
    replies = client.send(Request(service_address.address, service_address.port, FEW, timeout_s=1.0))
    assert not bodies(replies), f"{service_address}, whose Service belongs to another proxy, answered: {replies}"
    assert bodies(client.send(Request(web.cluster_ip, 80, FEW))).total() == FEW, "Service web, without the label, fails"

    set_proxy(None)
    web.wait_service_addresses(service_address, present=True)
    assert (
        bodies(client.send(Request(service_address.address, service_address.port, CONNECTIONS))).total() == CONNECTIONS
    )
