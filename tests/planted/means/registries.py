"""Defects on the way to registries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clusters.cluster import Node
from harness.kube.objects.workloads import client_pod
from harness.kube.wait import Waits, wait_until
from harness.registry.server import PORT, Registry
from tests.planted.fault import NAMESPACE, Site
from tests.planted.means.kernel import LED_ELSEWHERE, packet_rule

PROGRAM = (Path(__file__).parents[1] / "pod" / "falsifier.py").read_text()
FALSIFIER = "falsifier"
FALSIFIERS_USER = 64999
FALSIFIERS_PORT = 5999
SAMPLE = "sample"
SEEN_DEADLINE_S = 30.0


@contextmanager
def falsified(site: Site, node: Node) -> Iterator[None]:
    """Whatever image the node fetches from a registry, its layers are not what their digests say."""
    pod = client_pod(site.cluster.images, FALSIFIER, node=node.name, host_network=True)
    (container,) = pod["spec"]["containers"]
    container["command"] = ["python3", "-c", PROGRAM, str(FALSIFIERS_PORT)]
    container["securityContext"] = {"runAsUser": FALSIFIERS_USER}
    container["readinessProbe"] = {"tcpSocket": {"port": FALSIFIERS_PORT}, "periodSeconds": 1}
    lead = f"meta skuid != {FALSIFIERS_USER} tcp dport {PORT} dnat ip to {node.address}:{FALSIFIERS_PORT}"
    try:
        site.kube.create(NAMESPACE, pod)
        Waits(site.kube).wait_pods_ready(NAMESPACE, f"client={FALSIFIER}", 1)
        with packet_rule(site, node, LED_ELSEWHERE, lead):
            _wait_seen(site, node)
            yield
    finally:
        site.kube.delete(NAMESPACE, pod)
        Waits(site.kube).wait_gone(f"/api/v1/namespaces/{NAMESPACE}/pods/{FALSIFIER}")


def _wait_seen(site: Site, node: Node) -> None:
    """The node fetches a layer from a registry of ours, whole, and it is not the one that it asked for."""
    assert site.cluster.network is not None, "faults are planted in clusters of our own only"
    with Registry(site.cluster, site.cluster.network, SAMPLE) as registry:
        asked_for = registry.push(SAMPLE, "v1")
        url = f"{registry.url}/v2/{SAMPLE}/blobs/{asked_for.layer_digest}"
        wait_until(
            f"a layer of {len(asked_for.layer)} bytes on node {node.name} that is not {asked_for.layer_digest}",
            lambda: _fetched(site, node, url),
            lambda found: found[0] == len(asked_for.layer) and found[1] != asked_for.layer_digest,
            deadline_s=SEEN_DEADLINE_S,
        )


def _fetched(site: Site, node: Node, url: str) -> tuple[int, str]:
    """Length in bytes and digest of what the node gets."""
    measured = f"content=$(mktemp); curl --silent {url} > $content; wc -c < $content; sha256sum < $content; rm $content"
    length, digest, _ = site.nodes.run(node, "sh", "-c", measured).split()
    return int(length), f"sha256:{digest}"
