"""HAProxy outside the cluster, in front of the node ports of all nodes: the classic external load balancer.

https://docs.haproxy.org/2.6/configuration.html
"""

from __future__ import annotations

import csv
from collections.abc import Iterable

from clusters.cluster import Node
from harness.kube.wait import wait_until
from harness.traffic.outside import OutsideClient, OutsideContainer
from harness.traffic.requests import Request

PORT, STATE_PORT = 80, 8404
SERVERS = "nodes"
READY_DEADLINE_S = 30.0


def configuration(nodes: Iterable[Node], node_port: int, health_port: int) -> str:
    """HAProxy's own; a node is used while its `health_port` answers with 200."""
    servers = "\n".join(f"  server {node.name} {node.address}:{node_port}" for node in nodes)
    return f"""global
  log stdout format raw local0 notice
defaults
  mode tcp
  log global
  timeout connect 500ms
  timeout check 500ms
  timeout client 10s
  timeout server 10s
  # A server that does not take a connection: the next one gets it, before the client has noticed.
  retries 2
  option redispatch 1
frontend outside
  bind :{PORT}
  default_backend {SERVERS}
backend {SERVERS}
  balance roundrobin
  option httpchk GET /healthz
  default-server check port {health_port} inter 500ms fall 2 rise 2
{servers}
listen state
  mode http
  bind :{STATE_PORT}
  stats enable
  stats uri /
"""


class HaProxy(OutsideContainer):
    """Listens on `PORT` of its `address`."""

    def __init__(self, cluster: str, network: str, image: str, settings: str) -> None:
        start = 'printf %s "$SETTINGS" > /tmp/haproxy.cfg && exec haproxy -db -f /tmp/haproxy.cfg'
        super().__init__(cluster, network, image, ("/bin/sh", "-c", start), {"SETTINGS": settings})

    def used(self, outside: OutsideClient) -> frozenset[str]:
        """Names of the nodes that it uses right now, as its own state page tells `outside`."""
        (reply,) = outside.send(Request(self.address, STATE_PORT, path="/;csv"))
        return up_servers(reply.body)

    def wait_used(self, outside: OutsideClient, names: frozenset[str]) -> None:
        """It uses exactly these nodes."""
        wait_until(
            f"HAProxy at {self.address} using {', '.join(sorted(names)) or 'no node'}",
            lambda: self.used(outside),
            lambda used: used == names,
            deadline_s=READY_DEADLINE_S,
        )


def up_servers(state: str) -> frozenset[str]:
    """The servers that are up, from the statistics in CSV; none if it did not answer."""
    # It answers in a chunk, whose length stands before and after, also to clients of HTTP/1.0, which know none.
    _, _, table = state.partition("# ")
    rows = csv.DictReader(table.splitlines())
    return frozenset(
        row["svname"]
        for row in rows
        if row["pxname"] == SERVERS and row["svname"] != "BACKEND" and row["status"].startswith("UP")
    )
