"""What a case needs of its cluster, and the modes it applies to. Where that is missing the case is skipped."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from clusters.cluster import Cluster

LEAST_WORKERS = 1
"""Worker nodes that a case needs unless its marker names a number."""


def missing_need(item: pytest.Item, cluster: Cluster) -> str | None:
    """Return why the case cannot run on this cluster, or None."""
    if item.get_closest_marker("disruptive") and not cluster.owned:
        return f"it damages nodes, and this run did not create cluster {cluster.name}; --allow-disruptive permits it"
    marker = item.get_closest_marker("workers")
    wanted = LEAST_WORKERS if marker is None else int(marker.args[0])
    if len(cluster.workers) < wanted:
        return f"it needs at least {wanted} worker nodes; cluster {cluster.name} has {len(cluster.workers)}"
    return None


def of_other_modes(item: pytest.Item, cluster: Cluster) -> str | None:
    """Return why the case does not apply to this cluster's mode, or None."""
    marker = item.get_closest_marker("modes")
    if marker is None or cluster.mode in marker.args:
        return None
    return f"it applies to {' and '.join(marker.args)} mode, and the cluster is in {cluster.mode} mode"


IMAGES_OF_FIXTURES = {
    "namespace": "agnhost",  # nearly every case runs backends in its namespace
    "make_client": "load",
    "generator": "load",
    "shell": "tools",
}
"""For each fixture, the image that its pods run: a field of `CaseImages`. Fixtures used by other fixtures count too."""

NAMED_IN_MANIFESTS = ("agnhost", "load")
"""Images that the YAML files beside a case name as `$agnhost` or `$load`."""

BACKGROUND_FIXTURES = frozenset({"load_balancer", "ingress_controller", "make_haproxy", "registry"})
"""Fixtures whose images may still be being built when cases start (`clusters.kind.background`)."""


def needs_background_images(item: pytest.Item) -> bool:
    """Return True if the case may have to wait for an image that is built while other cases run."""
    return not BACKGROUND_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def images_needed(items: Iterable[pytest.Item], cluster: Cluster) -> frozenset[str]:
    """Return the images that the nodes need for those cases that will not be skipped, as fields of `CaseImages`."""
    decided = (item for item in items if not missing_need(item, cluster) and not of_other_modes(item, cluster))
    return frozenset(image for item in decided for image in _images_of(item))


def _images_of(item: pytest.Item) -> Iterable[str]:
    fixtures = frozenset(getattr(item, "fixturenames", ()))
    yield from (image for fixture, image in IMAGES_OF_FIXTURES.items() if fixture in fixtures)
    if "read_manifest" in fixtures:
        yield from (image for image in NAMED_IN_MANIFESTS if _in_manifests(item.path.parent, image))


@cache
def _in_manifests(folder: Path, image: str) -> bool:
    return any(f"${image}" in file.read_text() for file in folder.glob("*.yaml"))
