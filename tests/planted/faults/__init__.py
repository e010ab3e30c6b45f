"""All faults, by subject."""

from __future__ import annotations

from tests.planted.faults import controllers, dns, network, nodes, pods, proxy, scheduling

FAULTS = (
    *proxy.FAULTS,
    *network.FAULTS,
    *dns.FAULTS,
    *controllers.FAULTS,
    *scheduling.FAULTS,
    *pods.FAULTS,
    *nodes.FAULTS,
)
