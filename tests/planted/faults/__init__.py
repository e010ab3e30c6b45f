"""All faults, grouped by subject."""

from __future__ import annotations

from tests.planted.faults import (
    autoscaling,
    controllers,
    dns,
    edge,
    images,
    network,
    nodes,
    pods,
    proxy,
    scheduling,
    services,
)

FAULTS = (
    *proxy.FAULTS,
    *services.FAULTS,
    *network.FAULTS,
    *dns.FAULTS,
    *controllers.FAULTS,
    *scheduling.FAULTS,
    *pods.FAULTS,
    *nodes.FAULTS,
    *edge.FAULTS,
    *images.FAULTS,
    *autoscaling.FAULTS,
)
