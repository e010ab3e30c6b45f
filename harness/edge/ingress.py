"""The Ingress controller of a cluster of ours, Traefik: how requests are sent to it."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.addons.traefik import CONTROLLER_NAME, INGRESS_CLASS, NATIVE_ANNOTATION, PRIORITY_ANNOTATION
from clusters.cluster import Node
from harness.kube.wait import wait_until
from harness.traffic.outside import OutsideClient
from harness.traffic.requests import Reply, Request

DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class IngressController:
    """A controller on `node` that outside clients reach by `node_port`.

    `ingress_class` is the class of Ingresses that it serves; another is its own too if it names `controller`.
    `native_annotation` on a Service makes it go to the ClusterIP; `priority_annotation` on an Ingress puts its
    rules before those of others.
    """

    node: Node
    node_port: int
    ingress_class: str = INGRESS_CLASS
    controller: str = CONTROLLER_NAME
    native_annotation: str = NATIVE_ANNOTATION
    priority_annotation: str = PRIORITY_ANNOTATION

    def send(self, outside: OutsideClient, host: str, path: str, count: int = 1) -> tuple[Reply, ...]:
        """Ask for `path` of the site `host`; replies in order."""
        return outside.send(Request(self.node.address, self.node_port, count, path=path, virtual_host=host))

    def wait_served(self, outside: OutsideClient, host: str, path: str) -> Reply:
        """The controller has taken in the Ingress of a site, and answers from a backend."""
        return wait_until(
            f"http://{host}{path} answered through the Ingress controller on {self.node.name}",
            lambda: self.send(outside, host, path)[0],
            lambda reply: reply.ok,
            deadline_s=DEADLINE_S,
        )
