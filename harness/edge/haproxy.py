"""HAProxy as an external load balancer: a container outside the cluster, in front of the node ports of all nodes.

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
    """Return HAProxy's configuration. HAProxy uses a node while the node's `health_port` answers with 200."""
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
  # If a server does not accept a connection, HAProxy tries another one, and the client does not notice.
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
    """A HAProxy container, which listens on `PORT` of its `address`."""

    def __init__(self, cluster: str, network: str, image: str, settings: str) -> None:
        start = 'printf %s "$SETTINGS" > /tmp/haproxy.cfg && exec haproxy -db -f /tmp/haproxy.cfg'
        super().__init__(cluster, network, image, ("/bin/sh", "-c", start), {"SETTINGS": settings})

    def used(self, outside: OutsideClient) -> frozenset[str]:
        """Return the names of the nodes that HAProxy uses now. `outside` reads them from its statistics page."""
        (reply,) = outside.send(Request(self.address, STATE_PORT, path="/;csv"))
        return up_servers(reply.body)

    def wait_used(self, outside: OutsideClient, names: frozenset[str]) -> None:
        """Wait until HAProxy uses exactly these nodes."""
        wait_until(
            f"HAProxy at {self.address} using {', '.join(sorted(names)) or 'no node'}",
            lambda: self.used(outside),
            lambda used: used == names,
            deadline_s=READY_DEADLINE_S,
        )


def up_servers(state: str) -> frozenset[str]:
    """Return the servers that are up, from the statistics in CSV; none if the page is empty."""
    # HAProxy sends chunks even to HTTP/1.0 clients, which do not decode them: chunk lengths surround the table.
    _, _, table = state.partition("# ")
    rows = csv.DictReader(table.splitlines())
    return frozenset(
        row["svname"]
        for row in rows
        if row["pxname"] == SERVERS and row["svname"] != "BACKEND" and row["status"].startswith("UP")
    )
