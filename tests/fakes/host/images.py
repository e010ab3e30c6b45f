"""Image references for tests that pull no images."""

from __future__ import annotations

from clusters.cluster import CaseImages

CASE_IMAGES = CaseImages(
    agnhost="agnhost",
    load="load",
    outside="outside",
    haproxy="haproxy",
    registry="registry",
    metallb_controller="controller",
    metallb_speaker="speaker",
    traefik="traefik",
    tools="tools",
)
