"""Defects on the way to registries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clusters.cluster import Node
from harness.kube.wait import Waits
from harness.kube.workloads import client_pod
from harness.registry.server import PORT
from tests.planted.fault import NAMESPACE, Site
from tests.planted.means.kernel import LED_ELSEWHERE, packet_rule

PROGRAM = (Path(__file__).parents[1] / "pod" / "falsifier.py").read_text()
FALSIFIER = "falsifier"
FALSIFIERS_USER = 64999
FALSIFIERS_PORT = 5999


@contextmanager
def falsified(site: Site, node: Node) -> Iterator[None]:
    """Whatever image the node fetches from a registry, its layers are not what their digests say."""
    pod = client_pod(site.cluster.images, FALSIFIER, node=node.name, host_network=True)
    (container,) = pod["spec"]["containers"]
    container["command"] = ["python3", "-c", PROGRAM, str(FALSIFIERS_PORT)]
    container["securityContext"] = {"runAsUser": FALSIFIERS_USER}
    container["readinessProbe"] = {"tcpSocket": {"port": FALSIFIERS_PORT}, "periodSeconds": 1}
    lead = f"meta skuid != {FALSIFIERS_USER} tcp dport {PORT} dnat ip to {node.address}:{FALSIFIERS_PORT}"
    Waits(site.kube).wait_default_account(NAMESPACE)
    try:
        site.kube.create(NAMESPACE, pod)
        Waits(site.kube).wait_pods_ready(NAMESPACE, f"client={FALSIFIER}", 1)
        with packet_rule(site, node, LED_ELSEWHERE, lead):
            yield
    finally:
        site.kube.delete(NAMESPACE, pod)
        Waits(site.kube).wait_gone(f"/api/v1/namespaces/{NAMESPACE}/pods/{FALSIFIER}")
