"""Faults at the cluster's edge: traffic from outside is dropped, admitted against the spec, or routed another way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.planted import samples
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, removed, replaced
from tests.planted.means.kernel import RAW_PREROUTING, packet_rule
from tests.planted.suites import BALANCER, INGRESS_ROUTES, INGRESS_WAY, NODE_PORT, SOURCE_RANGES
from tests.planted.trial.expectation import Expectation

NATIVE_LB = "traefik.ingress.kubernetes.io/service.nativelb"
"""https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/"""

PREFIX_LENGTH = 16
"""The prefix length of a Docker container network."""


@contextmanager
def _balancers_unreachable(site: Site) -> Iterator[None]:
    """Drop packets from outside to addresses of the cluster's network that are not a node's own."""
    network = ipaddress.ip_network((site.worker.address, PREFIX_LENGTH), strict=False)
    own = ", ".join(node.address for node in site.cluster.nodes)
    rule = f'iifname "eth0" ip daddr {network} ip daddr != {{ {own} }} drop'
    with ExitStack() as undo:
        for node in site.cluster.nodes:
            undo.enter_context(packet_rule(site, node, RAW_PREROUTING, rule))
        yield


@contextmanager
def _source_ranges_removed(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.service(type="LoadBalancer", loadBalancerSourceRanges=["192.0.2.0/24"]),
        when="has(object.spec.loadBalancerSourceRanges)",
        patch=removed("/spec/loadBalancerSourceRanges"),
        seen=lambda made: "loadBalancerSourceRanges" not in made["spec"],
    ):
        yield


@contextmanager
def _ingress_through_cluster_ip(site: Site) -> Iterator[None]:
    """Annotate every Service so that Traefik sends to its ClusterIP; by default Traefik sends to endpoints."""
    with altered(
        site,
        samples.service(),
        when="!has(object.metadata.annotations)",
        patch=replaced("/metadata/annotations", f"{{'{NATIVE_LB}': 'true'}}"),
        seen=lambda made: made["metadata"].get("annotations", {}).get(NATIVE_LB) == "true",
    ):
        yield


FAULTS = (
    Fault(
        "load balancer addresses are unreachable",
        _balancers_unreachable,
        expect=(Expectation(BALANCER, "assert holds, [reply for reply in replies"),),
        bystanders=(NODE_PORT,),
    ),
    Fault(
        "load balancers ignore source ranges",
        _source_ranges_removed,
        expect=(Expectation(SOURCE_RANGES, "wait_unanswered(outside_client, address)"),),
        bystanders=(BALANCER,),
    ),
    Fault(
        "the Ingress controller goes to ClusterIPs, not to endpoints",
        _ingress_through_cluster_ip,
        expect=(Expectation(INGRESS_WAY, "assert direct.connections == 0"),),
        bystanders=(INGRESS_ROUTES,),
    ),
)
