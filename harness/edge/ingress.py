"""Traefik, the Ingress controller of clusters that the harness creates, and requests to it."""

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
    """An Ingress controller on `node`, which clients outside the cluster reach at `node_port`.

    It serves Ingresses of `ingress_class`, and of every other IngressClass that names `controller`.
    `native_annotation` on a Service makes the controller send requests to the ClusterIP instead of the endpoints.
    `priority_annotation` on an Ingress gives its rules precedence over those of others.
    """

    node: Node
    node_port: int
    ingress_class: str = INGRESS_CLASS
    controller: str = CONTROLLER_NAME
    native_annotation: str = NATIVE_ANNOTATION
    priority_annotation: str = PRIORITY_ANNOTATION

    def send(self, outside: OutsideClient, host: str, path: str, count: int = 1) -> tuple[Reply, ...]:
        """Request `path` of the site `host` and return the replies in order."""
        return outside.send(Request(self.node.address, self.node_port, count, path=path, virtual_host=host))

    def wait_served(self, outside: OutsideClient, host: str, path: str) -> Reply:
        """Wait until the controller serves the Ingress of a site and a backend answers. Return that reply."""
        return wait_until(
            f"http://{host}{path} answered through the Ingress controller on {self.node.name}",
            lambda: self.send(outside, host, path)[0],
            lambda reply: reply.ok,
            deadline_s=DEADLINE_S,
        )
