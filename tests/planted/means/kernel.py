"""Defects in a node's own kernel, beside whatever kube-proxy keeps there."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from clusters.cluster import Node
from clusters.errors import CommandFailed
from harness.kube.wait import wait_until
from tests.planted.fault import Site

TABLE = "planted"
BEFORE_THE_PROXY = "type filter hook prerouting priority raw"
BETWEEN = "type filter hook forward priority filter - 10"
LEAVING = "type filter hook output priority filter - 10"
BEFORE_THE_PROXYS_MASQUERADE = "type nat hook postrouting priority srcnat - 10"
LED_ELSEWHERE = "type nat hook output priority -110"  # its name, dstnat, is for prerouting alone
"""Type, hook and priority of a chain, by where packets meet it."""

SEEN_DEADLINE_S = 30.0


def table_of_rule(hook: str, rule: str) -> str:
    """Return the table of one chain and one rule for `nft --file`."""
    return f"table inet {TABLE} {{\nchain {TABLE} {{\n{hook}; policy accept;\n{rule}\n}}\n}}\n"


@contextmanager
def packet_rule(site: Site, node: Node, hook: str, rule: str) -> Iterator[None]:
    """One nftables rule in a table of our own on the node; `hook` says where packets meet it."""
    table = f"table inet {TABLE}"
    encoded = base64.b64encode(table_of_rule(hook, rule).encode()).decode()
    try:
        site.nodes.run(node, "sh", "-c", f"echo {encoded} | base64 -d | nft --file -")
        wait_until(
            f"our rule in the kernel of node {node.name}",
            lambda: site.nodes.run(node, "nft", "list", *table.split()),
            lambda listing: rule.rpartition(" ")[2] in listing,
            deadline_s=SEEN_DEADLINE_S,
        )
        yield
    finally:
        # Adding it first makes its removal a success whatever was there.
        site.nodes.run(node, "sh", "-c", f"nft add {table}; nft delete {table}")


def pods_of(site: Site, node: Node) -> str:
    """The addresses that the node gives to its pods, as a CIDR."""
    return str(site.kube.get(f"/api/v1/nodes/{node.name}")["spec"]["podCIDR"])


@contextmanager
def without_route(site: Site, node: Node, peer: Node) -> Iterator[None]:
    """The node does not know where the peer's pods are."""
    pods = pods_of(site, peer)
    kept = site.nodes.run(node, "ip", "route", "show", pods).strip()
    assert kept, f"node {node.name} has no route to {pods}, the pods of {peer.name}, to begin with"
    try:
        site.nodes.run(node, "ip", "route", "delete", pods)
        wait_until(
            f"no route to {pods} on node {node.name}",
            lambda: site.nodes.run(node, "ip", "route", "show", pods),
            lambda routes: not routes.strip(),
            deadline_s=SEEN_DEADLINE_S,
        )
        yield
    finally:
        site.nodes.run(node, "ip", "route", "replace", *kept.split())


@contextmanager
def repeated(site: Site, node: Node, command: str) -> Iterator[None]:
    """The node's shell repeats a command as fast as it can, in a transient service."""
    unit = "planted.service"
    try:
        site.nodes.run(node, "systemd-run", f"--unit={unit}", "sh", "-c", f"while :; do {command}; done")
        wait_until(
            f"{unit} running on node {node.name}",
            lambda: _state(site, node, unit),
            lambda state: state == "active",
            deadline_s=SEEN_DEADLINE_S,
        )
        yield
    finally:
        site.nodes.run(node, "sh", "-c", f"systemctl stop {unit}; systemctl reset-failed {unit}; true")


def _state(site: Site, node: Node, unit: str) -> str:
    try:
        return site.nodes.run(node, "systemctl", "is-active", unit).strip()
    except CommandFailed as inactive:
        return inactive.stdout.strip()  # any other state ends it with an exit code
