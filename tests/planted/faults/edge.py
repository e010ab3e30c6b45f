"""The cluster's edge: what comes from outside is lost, let in, or led another way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.planted import samples
from tests.planted.expectation import Expectation
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, removed, replaced
from tests.planted.means.kernel import BEFORE_THE_PROXY, packet_rule
from tests.planted.suites import BALANCER, INGRESS_ROUTES, INGRESS_WAY, NODE_PORT, SOURCE_RANGES

NATIVE = "traefik.ingress.kubernetes.io/service.nativelb"
"""https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/"""

PREFIX_LENGTH = 16
"""Of a container network of Docker."""


@contextmanager
def _balancers_unreached(site: Site) -> Iterator[None]:
    """What arrives for an address of the cluster's network that is no node's own is dropped."""
    network = ipaddress.ip_network((site.worker.address, PREFIX_LENGTH), strict=False)
    own = ", ".join(node.address for node in site.cluster.nodes)
    rule = f'iifname "eth0" ip daddr {network} ip daddr != {{ {own} }} drop'
    with ExitStack() as undo:
        for node in site.cluster.nodes:
            undo.enter_context(packet_rule(site, node, BEFORE_THE_PROXY, rule))
        yield


@contextmanager
def _everybody_let_in(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.service(type="LoadBalancer", loadBalancerSourceRanges=["192.0.2.0/24"]),
        when="has(object.spec.loadBalancerSourceRanges)",
        patch=removed("/spec/loadBalancerSourceRanges"),
        seen=lambda made: "loadBalancerSourceRanges" not in made["spec"],
    ):
        yield


@contextmanager
def _ingress_through_proxy(site: Site) -> Iterator[None]:
    """Every Service tells Traefik to go to its ClusterIP, which is not what Traefik does by itself."""
    with altered(
        site,
        samples.service(),
        when="!has(object.metadata.annotations)",
        patch=replaced("/metadata/annotations", f"{{'{NATIVE}': 'true'}}"),
        seen=lambda made: made["metadata"].get("annotations", {}).get(NATIVE) == "true",
    ):
        yield


FAULTS = (
    Fault(
        "balancers' addresses lead nowhere",
        _balancers_unreached,
        expect=(Expectation(BALANCER, "assert holds, [reply for reply in replies"),),
        bystanders=(NODE_PORT,),
    ),
    Fault(
        "a balancer lets everybody in",
        _everybody_let_in,
        expect=(Expectation(SOURCE_RANGES, "wait_unanswered(outside_client, address)"),),
        bystanders=(BALANCER,),
    ),
    Fault(
        "the Ingress controller goes to ClusterIPs, not to endpoints",
        _ingress_through_proxy,
        expect=(Expectation(INGRESS_WAY, "assert direct.connections == 0"),),
        bystanders=(INGRESS_ROUTES,),
    ),
)
