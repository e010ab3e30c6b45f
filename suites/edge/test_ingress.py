"""Ingress: routing by host and path, the controller's way to endpoints, and the default class."""

from dataclasses import dataclass

import pytest

from harness.edge.ingress import IngressController
from harness.suite import (
    ClaimRecorder,
    DataPlane,
    Kube,
    ManifestMaker,
    ManifestReader,
    OutsideClient,
    ServiceHandle,
    ServiceMaker,
    Waits,
    bodies,
    wait_until,
)

REQUESTS = 30
SETTING_S = 30.0
SITES = ("shop", "cart", "pay", "rest")
ROUTES = {
    ("shop", "/"): "shop",
    ("shop", "/anything/below"): "shop",
    ("shop", "/cart"): "cart",
    ("shop", "/cart/items"): "cart",
    ("shop", "/cartoons"): "shop",
    ("shop", "/checkout"): "pay",
    ("shop", "/checkout/later"): "shop",
    ("cart", "/"): "cart",
    ("cart", "/checkout"): "cart",
}
"""The Service that must get each (host, path). The longest path wins, and a prefix matches whole path elements only."""


@pytest.mark.exclusive  # its default backend answers for hosts of other cases that the controller has not loaded yet
@pytest.mark.claim("19.1")
def test_ingress_routes_by_host_and_path(
    kube: Kube,
    create: ManifestMaker,
    waits: Waits,
    ingress_controller: IngressController,
    outside_client: OutsideClient,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """Prefixes, the longest prefix, exact paths and hosts lead to the right Service.

    Requests that match no rule get status 404, or the default backend once there is one.
    """
    domain = f"{namespace}.example"
    words = {"domain": domain, "ingress_class": ingress_controller.ingress_class}
    for site in SITES:
        create("site.yaml", name=site)
        waits.wait_pods_ready(namespace, f"app={site}", 1)

    def met(host: str, path: str) -> str:
        return service_of(ingress_controller.send(outside_client, f"{host}.{domain}", path)[0].body)

    create("routes.yaml", **words)
    ingress_controller.wait_served(outside_client, f"shop.{domain}", "/")
    routes = {(host, path): met(host, path) for host, path in ROUTES}
    create("exact-below-prefix.yaml", **words)
    ingress_controller.wait_served(outside_client, f"pay.{domain}", "/")
    contested = met("shop", "/cart/pay")
    (nowhere,) = ingress_controller.send(outside_client, f"unknown.{domain}", "/")
    create("default-backend.yaml", **words)
    rest = service_of(ingress_controller.wait_served(outside_client, f"unknown.{domain}", "/").body)

    right = sum(routes[pair] == ROUTES[pair] for pair in ROUTES)
    holds = right == len(ROUTES) and nowhere.status == 404 and rest == "rest"
    evidence = (
        f"Of {len(ROUTES)} requests from outside, one for each pair of host and path, {right} reached the Service that "
        f"the Ingress names: prefixes match whole path elements, the longest first, and exact paths. A request for an "
        f"unknown host got status {nowhere.status} and, with a default backend, Service {rest}. The exact path "
        f"/cart/pay below prefix /cart got Service {contested}."
    )
    if holds and contested == "cart":
        # https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/
        condition = (
            "an exact path may lose to a prefix: Traefik prefers the route with the longer rule, not the longer path"
        )
        claim.conditional("19.1", condition, evidence)
    else:
        claim.decide("19.1", holds and contested == "pay", evidence)
    assert routes == ROUTES
    assert nowhere.status == 404, nowhere
    assert rest == "rest"

    priority = {"metadata": {"annotations": {ingress_controller.priority_annotation: "1000"}}}
    kube.merge(f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/exact-below-prefix", priority)
    wait_until(
        "/cart/pay answered by Service pay with a higher priority for its Ingress",
        lambda: met("shop", "/cart/pay"),
        lambda service: service == "pay",
        deadline_s=SETTING_S,
    )


@pytest.mark.claim("19.2")
def test_the_controller_goes_to_endpoints_or_to_the_cluster_ip(
    kube: Kube,
    create: ManifestMaker,
    make_service: ServiceMaker,
    ingress_controller: IngressController,
    outside_client: OutsideClient,
    dataplane: DataPlane,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """The kernel's connection tracking shows whether the controller uses the ClusterIP.

    Without service.nativelb it connects to endpoints directly, with it to the ClusterIP.
    """
    web = make_service("web")
    host = f"web.{namespace}.example"
    create("single.yaml", host=host, ingress_class=ingress_controller.ingress_class)
    ingress_controller.wait_served(outside_client, host, "/hostname")

    met = bodies(ingress_controller.send(outside_client, host, "/hostname", REQUESTS))
    direct = seen_by_proxy(dataplane, ingress_controller, web)
    annotations = {ingress_controller.native_annotation: "true"}
    kube.merge(f"/api/v1/namespaces/{namespace}/services/web", {"metadata": {"annotations": annotations}})

    def one_more() -> SeenByProxy:
        ingress_controller.send(outside_client, host, "/hostname")
        return seen_by_proxy(dataplane, ingress_controller, web)

    wait_until(
        f"connections from Traefik to {web.cluster_ip}",
        one_more,
        lambda seen: seen.connections > 0,
        deadline_s=SETTING_S,
    )
    ingress_controller.send(outside_client, host, "/hostname", REQUESTS)
    through = seen_by_proxy(dataplane, ingress_controller, web)

    evidence = (
        f"{REQUESTS} requests from outside reached {len(met)} backends, and the kernel of the controller's node "
        f"{ingress_controller.node.name} saw {direct} to ClusterIP {web.cluster_ip}. After {REQUESTS} requests with "
        f"service.nativelb it had seen {through}."
    )
    if direct.connections == 0:
        claim.conditional("19.2", "unless it is configured otherwise, as Traefik is by service.nativelb", evidence)
    else:
        claim.refuted("19.2", evidence)
    assert set(met) == set(web.pods), f"backends reached, of {list(web.pods)}: {met}"
    assert direct.connections == 0, f"{direct} to ClusterIP {web.cluster_ip} without service.nativelb"
    assert not direct.packets, f"{direct} to ClusterIP {web.cluster_ip} without service.nativelb"
    assert through.connections > REQUESTS, f"{through} to ClusterIP {web.cluster_ip} with service.nativelb"


def test_an_ingress_without_a_class_gets_the_default(
    kube: Kube,
    create: ManifestMaker,
    read_manifest: ManifestReader,
    make_service: ServiceMaker,
    ingress_controller: IngressController,
    outside_client: OutsideClient,
    namespace: str,
) -> None:
    """The API server sets the default class, and the controller of that class serves the Ingress."""
    web = make_service("web", 1)
    create("default-class.yaml", name=namespace, controller=ingress_controller.controller)
    words = {"host": f"{namespace}.example", "ingress_class": "null"}
    ingresses = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
    (ingress,) = read_manifest("single.yaml", **words)
    # The admission plugin that sets the class has its own watch of classes and may see this one a moment later.
    wait_until(
        f"class {namespace} set in a dry-run Ingress",
        lambda: kube.request("POST", f"{ingresses}?dryRun=All", ingress)["spec"],
        lambda found: "ingressClassName" in found,
        deadline_s=30.0,
    )
    create("single.yaml", **words)
    assert kube.get(f"{ingresses}/single")["spec"]["ingressClassName"] == namespace
    reply = ingress_controller.wait_served(outside_client, f"{namespace}.example", "/hostname")
    assert reply.body in web.pods


@dataclass(frozen=True, slots=True)
class SeenByProxy:
    """What one node's kernel saw for a ClusterIP: connections, and packets in modes that count them."""

    connections: int
    packets: int | None

    def __str__(self) -> str:
        counted = "" if self.packets is None else f" ({self.packets} packets counted by kube-proxy's rules)"
        return f"{self.connections} connections{counted}"


def seen_by_proxy(dataplane: DataPlane, controller: IngressController, web: ServiceHandle) -> SeenByProxy:
    """Read the counts from the kernel that translates addresses for the controller's node."""
    entries = dataplane.conntrack(controller.node, web.cluster_ip)
    return SeenByProxy(len(entries), dataplane.packets(controller.node, web.service_address))


def service_of(pod: str) -> str:
    """Return the Service of a pod of `site.yaml`, which is also its Deployment, from the pod's name."""
    return pod.rsplit("-", 2)[0]
