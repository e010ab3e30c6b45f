"""Defects in a node's own kernel, independent of kube-proxy's rules there."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from clusters.cluster import Node
from clusters.errors import CommandFailed
from harness.kube.wait import wait_until
from tests.planted.fault import Site

TABLE = "planted"
RAW_PREROUTING = "type filter hook prerouting priority raw"
FILTER_FORWARD = "type filter hook forward priority filter - 10"
FILTER_OUTPUT = "type filter hook output priority filter - 10"
NAT_POSTROUTING = "type nat hook postrouting priority srcnat - 10"
REDIRECTED = "type nat hook output priority -110"  # nft accepts its name, dstnat, only for prerouting
"""The type, hook and priority of a chain, for each point of a packet's path."""

SEEN_DEADLINE_S = 30.0


def table_of_rule(hook: str, rule: str) -> str:
    """Return the table of one chain and one rule for `nft --file`."""
    return f"table inet {TABLE} {{\nchain {TABLE} {{\n{hook}; policy accept;\n{rule}\n}}\n}}\n"


@contextmanager
def packet_rule(site: Site, node: Node, hook: str, rule: str) -> Iterator[None]:
    """Keep one nftables rule in a table of our own on the node; `hook` is one of the constants above."""
    table = f"table inet {TABLE}"
    encoded = base64.b64encode(table_of_rule(hook, rule).encode()).decode()
    try:
        site.nodes.run(node, "sh", "-c", f"echo {encoded} | base64 -d | nft --file -")
        wait_until(
            f"the planted rule in the kernel of node {node.name}",
            lambda: site.nodes.run(node, "nft", "list", *table.split()),
            lambda listing: rule.rpartition(" ")[2] in listing,
            deadline_s=SEEN_DEADLINE_S,
        )
        yield
    finally:
        # Adding the table first lets the deletion succeed even if the table was not there.
        site.nodes.run(node, "sh", "-c", f"nft add {table}; nft delete {table}")


def pods_of(site: Site, node: Node) -> str:
    """Return the CIDR of the node's pods."""
    return str(site.kube.get(f"/api/v1/nodes/{node.name}")["spec"]["podCIDR"])


@contextmanager
def without_route(site: Site, node: Node, peer: Node) -> Iterator[None]:
    """Remove the node's route to the pods of `peer`."""
    pods = pods_of(site, peer)
    route = site.nodes.run(node, "ip", "route", "show", pods).strip()
    assert route, f"node {node.name} has no route to {pods}, the pods of {peer.name}, before it is removed"
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
        site.nodes.run(node, "ip", "route", "replace", *route.split())


@contextmanager
def nat_chain(site: Site, node: Node, chain: str) -> Iterator[None]:
    """Keep a chain with one rule in the nat table of iptables on the node."""
    iptables = "iptables --wait --table nat"
    try:
        site.nodes.run(node, "sh", "-c", f"{iptables} --new-chain {chain} && {iptables} --append {chain} --jump RETURN")
        wait_until(
            f"chain {chain} in the nat table of node {node.name}",
            lambda: site.proxies.run(node, "iptables-save"),
            lambda listing: f"-A {chain} " in listing,
            deadline_s=SEEN_DEADLINE_S,
        )
        yield
    finally:
        site.nodes.run(node, "sh", "-c", f"{iptables} --flush {chain}; {iptables} --delete-chain {chain}; true")


@contextmanager
def repeated(site: Site, node: Node, command: str) -> Iterator[None]:
    """Repeat a command on the node without a pause, in a transient systemd service."""
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
        return inactive.stdout.strip()  # for any other state systemctl exits with an error code
