"""Defects on the network path to registries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clusters.cluster import Node
from harness.kube.objects.workloads import client_pod
from harness.kube.wait import Waits, wait_until
from harness.registry.server import PORT, Registry
from tests.planted.fault import NAMESPACE, Site
from tests.planted.means.kernel import REDIRECTED, packet_rule

PROGRAM = (Path(__file__).parents[1] / "pod" / "falsified_registry.py").read_text()
PROXY = "falsified-registry"
PROXY_USER = 64999
PROXY_PORT = 5999
SAMPLE = "sample"
SEEN_DEADLINE_S = 30.0


@contextmanager
def falsified(site: Site, node: Node) -> Iterator[None]:
    """Alter the layers of every image that the node pulls from a registry, so that they do not match their digests."""
    pod = client_pod(site.cluster.images, PROXY, node=node.name, host_network=True)
    (container,) = pod["spec"]["containers"]
    container["command"] = ["python3", "-c", PROGRAM, str(PROXY_PORT)]
    container["securityContext"] = {"runAsUser": PROXY_USER}
    container["readinessProbe"] = {"tcpSocket": {"port": PROXY_PORT}, "periodSeconds": 1}
    redirect = f"meta skuid != {PROXY_USER} tcp dport {PORT} dnat ip to {node.address}:{PROXY_PORT}"
    try:
        site.kube.create(NAMESPACE, pod)
        Waits(site.kube).wait_pods_ready(NAMESPACE, f"client={PROXY}", 1)
        with packet_rule(site, node, REDIRECTED, redirect):
            _wait_seen(site, node)
            yield
    finally:
        site.kube.delete(NAMESPACE, pod)
        Waits(site.kube).wait_gone(f"/api/v1/namespaces/{NAMESPACE}/pods/{PROXY}")


def _wait_seen(site: Site, node: Node) -> None:
    """Wait until a layer that the node fetches from a registry of ours is complete, but does not match its digest."""
    assert site.cluster.network is not None, (
        f"cluster {site.cluster.name} is an existing cluster, without a network for a registry"
    )
    with Registry(site.cluster, site.cluster.network, SAMPLE) as registry:
        pushed = registry.push(SAMPLE, "v1")
        url = f"{registry.url}/v2/{SAMPLE}/blobs/{pushed.layer_digest}"
        wait_until(
            f"a layer of {len(pushed.layer)} bytes on node {node.name} with another digest than {pushed.layer_digest}",
            lambda: _fetched(site, node, url),
            lambda found: found[0] == len(pushed.layer) and found[1] != pushed.layer_digest,
            deadline_s=SEEN_DEADLINE_S,
        )


def _fetched(site: Site, node: Node, url: str) -> tuple[int, str]:
    """Return the length in bytes and the digest of what the node gets from the URL."""
    script = f"content=$(mktemp); curl --silent {url} > $content; wc -c < $content; sha256sum < $content; rm $content"
    length, digest, _ = site.nodes.run(node, "sh", "-c", script).split()
    return int(length), f"sha256:{digest}"
