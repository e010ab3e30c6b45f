"""Faults of the network: packets of Services and pods are dropped, altered, or wrongly routed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from clusters.spec import Mode
from tests.planted.fault import Fault, Site
from tests.planted.means.kernel import (
    FILTER_FORWARD,
    NAT_POSTROUTING,
    RAW_PREROUTING,
    packet_rule,
    repeated,
    without_route,
)
from tests.planted.means.outside import pods_routed
from tests.planted.suites import CHANGES, CLUSTER_IP, CONNTRACK, HEADLESS, NODE_PORT, OUTSIDE, POD_AFFINITY, WAYS_IN
from tests.planted.trial.expectation import Expectation

RULES_OF_THE_NODE = frozenset({Mode.IPTABLES, Mode.NFTABLES})

MASQUERADE_MARK = "0x4000"
"""The mark that kube-proxy, in both of these modes, sets on packets that it will masquerade."""


@contextmanager
def _node_ports_closed(site: Site) -> Iterator[None]:
    with packet_rule(site, site.worker, RAW_PREROUTING, "fib daddr type local tcp dport 30000-32767 drop"):
        yield


@contextmanager
def _connections_lost(site: Site) -> Iterator[None]:
    new = f"ip daddr {site.cluster.service_cidr} tcp dport 80 tcp flags & (syn | ack) == syn"
    with packet_rule(site, site.worker, RAW_PREROUTING, f"{new} numgen random mod 4 == 0 drop"):
        yield


@contextmanager
def _udp_dropped(site: Site) -> Iterator[None]:
    udp = f"ip daddr {site.cluster.service_cidr} udp dport 81"
    with packet_rule(site, site.other_worker, RAW_PREROUTING, f"{udp} drop"):
        yield


@contextmanager
def _sources_masqueraded(site: Site) -> Iterator[None]:
    between_pods = f"ip saddr {site.cluster.pod_cidr} ip daddr {site.cluster.pod_cidr}"
    with packet_rule(site, site.other_worker, NAT_POSTROUTING, f"{between_pods} masquerade"):
        yield


@contextmanager
def _hairpins_dropped(site: Site) -> Iterator[None]:
    """Drop hairpin traffic: packets between pods on one node that are marked for masquerading."""
    marked = f"meta mark & {MASQUERADE_MARK} == {MASQUERADE_MARK}"
    with packet_rule(site, site.worker, FILTER_FORWARD, f'iifname "veth*" oifname "veth*" {marked} drop'):
        yield


@contextmanager
def _conntrack_flushed(site: Site) -> Iterator[None]:
    with repeated(site, site.worker, "conntrack -F"):
        yield


@contextmanager
def _routes_removed(site: Site) -> Iterator[None]:
    with ExitStack() as undo:
        for peer in site.cluster.nodes:
            if peer != site.worker:
                undo.enter_context(without_route(site, site.worker, peer))
        yield


@contextmanager
def _pods_routed(site: Site) -> Iterator[None]:
    with pods_routed(site):
        yield


FAULTS = (
    Fault(
        "one node's node ports are closed",
        _node_ports_closed,
        expect=(Expectation(NODE_PORT, "assert holds, answered"),),
        bystanders=(WAYS_IN,),
    ),
    Fault(
        "one new connection of four to a Service is lost",
        _connections_lost,
        expect=(Expectation(CHANGES, "connections lost"),),
        bystanders=(NODE_PORT,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "UDP to Services is dropped",
        _udp_dropped,
        expect=(Expectation(WAYS_IN, "assert not any(lost.values())"),),
        bystanders=(CLUSTER_IP,),
    ),
    Fault(
        "a backend sees its node's address in place of the client's",
        _sources_masqueraded,
        expect=(Expectation(WAYS_IN, "the backend did not see the client's own address"),),
        bystanders=(NODE_PORT,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "a backend does not reach itself through its Service",
        _hairpins_dropped,
        expect=(Expectation(WAYS_IN, "a backend did not reach itself"),),
        bystanders=(CLUSTER_IP,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "connection tracking forgets every connection at once",
        _conntrack_flushed,
        expect=(Expectation(CONNTRACK, "has no entry from"),),
        bystanders=(HEADLESS,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "one node has lost its routes to other nodes' pods",
        _routes_removed,
        expect=(Expectation(CLUSTER_IP, "connections failed"),),
        bystanders=(POD_AFFINITY,),
    ),
    Fault(
        "a router routes outside clients to pods",
        _pods_routed,
        expect=(Expectation(OUTSIDE, "assert holds, by_default"),),
        bystanders=(NODE_PORT, CLUSTER_IP),
    ),
)
