"""Defects of kube-proxy: it stands still, it is gone, its configuration is another, or its tools deceive it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from clusters.cluster import Node
from clusters.errors import CommandFailed
from clusters.proxymode import ASK
from clusters.spec import Substrate
from harness.kube.nodes.shell import wait_process
from harness.kube.wait import is_ready, wait_until
from tests.planted.fault import Site
from tests.planted.means.kernel import BEFORE_THE_PROXY, packet_rule

DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/kube-proxy"
PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-proxy"
RESTART = "io.kubeproof/planted"
DEADLINE_S = 180.0
SEEN_DEADLINE_S = 60.0
GUESTS = "169.254.0.0/16"
"""Where the address of a guest of substrate `uml` comes from."""

API_SERVER = 6443
STATE = "cut -d' ' -f3 /proc/$(pidof kube-proxy)/stat"


@contextmanager
def deaf(site: Site, node: Node) -> Iterator[None]:
    """The node's kube-proxy hears of no change any more; its rules stay as they are.

    It is frozen; within a guest, which nobody can reach into so far, it is cut off from the API server.
    """
    if site.cluster.substrate is Substrate.UML:
        means = packet_rule(site, node, BEFORE_THE_PROXY, f"ip saddr {GUESTS} tcp dport {API_SERVER} drop")
    else:
        means = _frozen(site, node)
    with means:
        yield


@contextmanager
def _frozen(site: Site, node: Node) -> Iterator[None]:
    try:
        site.nodes.run(node, "sh", "-c", "kill -STOP $(pidof kube-proxy)")
        _wait_state(site, node, lambda state: state == "T")
        yield
    finally:
        site.nodes.run(node, "sh", "-c", "kill -CONT $(pidof kube-proxy)")
        _wait_state(site, node, lambda state: state != "T")


def _wait_state(site: Site, node: Node, wanted: Callable[[str], bool]) -> None:
    wait_until(
        f"the process state of kube-proxy on node {node.name}",
        lambda: site.nodes.run(node, "sh", "-c", STATE).strip(),
        wanted,
        deadline_s=SEEN_DEADLINE_S,
    )


@contextmanager
def gone(site: Site, nodes: tuple[Node, ...]) -> Iterator[None]:
    """No kube-proxy runs on these nodes, and none comes back; what they wrote stays in the kernels."""
    names = [node.name for node in nodes]
    term = {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": [name]} for name in names]}
    away = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    try:
        _set_affinity(site, away)
        for node in nodes:
            wait_process(site.nodes, node, "kube-proxy", running=False)
        yield
    finally:
        _set_affinity(site, None)
        _wait_rolled_out(site, len(site.cluster.nodes))


def _set_affinity(site: Site, affinity: dict[str, Any] | None) -> None:
    site.kube.merge(DAEMON_SET, {"spec": {"template": {"spec": {"affinity": affinity}}}})


@contextmanager
def configured(site: Site, change: Callable[[dict[str, Any]], None], seen: Callable[[Node], bool]) -> Iterator[None]:
    """Every kube-proxy runs with another configuration, which `seen` recognises on a node."""
    before = site.kube.get(CONFIG_MAP)["data"]["config.conf"]
    config = yaml.safe_load(before)
    change(config)
    try:
        _restart_with(site, yaml.safe_dump(config), "yes")
        for node in site.cluster.nodes:
            wait_until(
                f"kube-proxy on node {node.name} with another configuration",
                lambda node=node: seen(node),  # type: ignore[misc]
                bool,
                deadline_s=SEEN_DEADLINE_S,
            )
        yield
    finally:
        _restart_with(site, before, None)


def mode_of(site: Site, node: Node) -> str:
    """The mode that the node's kube-proxy says it runs in; nothing while it starts."""
    try:
        return site.proxies.run(node, *ASK).strip()
    except CommandFailed:
        return ""


def _restart_with(site: Site, config: str, mark: str | None) -> None:
    site.kube.merge(CONFIG_MAP, {"data": {"config.conf": config}})
    annotations = {"metadata": {"annotations": {RESTART: mark}}}
    site.kube.merge(DAEMON_SET, {"spec": {"template": annotations}})
    _wait_rolled_out(site, len(site.cluster.nodes))


def _wait_rolled_out(site: Site, count: int) -> None:
    def sample() -> tuple[Any, ...]:
        found = site.kube.get(DAEMON_SET)
        status = found["status"]
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        ready = sum(is_ready(pod) for pod in site.kube.get(PODS)["items"])
        return current, status.get("updatedNumberScheduled", 0), status.get("numberReady", 0), ready

    wait_until(
        f"{count} kube-proxies of the newest template ready in cluster {site.cluster.name}",
        sample,
        lambda seen: seen == (True, count, count, count),
        deadline_s=DEADLINE_S,
    )


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that kube-proxy feeds its rules to: where it looks for it, and where the true one is."""

    place: str
    true: str
    kept: bool
    """The true one has to be moved out of the way first."""


IPTABLES_RESTORE = Tool("/usr/local/sbin/iptables-restore", "/usr/sbin/iptables-restore", kept=False)
"""Looked for in PATH at each call."""

NFT = Tool("/usr/sbin/nft", "/usr/sbin/nft.true", kept=True)
"""Looked for once, when kube-proxy starts."""


@contextmanager
def deceived(site: Site, tool: Tool, script: str) -> Iterator[None]:
    """On every node, what kube-proxy feeds to a tool from now on goes through `sed -E script` first."""
    with ExitStack() as undo:
        for node in site.cluster.nodes:
            undo.enter_context(_deceived_on(site, node, tool, script))
        yield


@contextmanager
def _deceived_on(site: Site, node: Node, tool: Tool, script: str) -> Iterator[None]:
    root = f"/proc/{site.nodes.run(node, 'pidof', 'kube-proxy').strip()}/root"
    place, true = f"{root}{tool.place}", f"{root}{tool.true}"
    try:
        if tool.kept:
            site.nodes.run(node, "cp", "--archive", place, true)
        _put(site, node, f"#!/bin/sh\nsed -E '{script}' | {tool.true} \"$@\"\n", place)
        yield
    finally:
        site.nodes.run(node, *(("mv", true, place) if tool.kept else ("rm", "-f", place)))


def _put(site: Site, node: Node, program: str, place: str) -> None:
    put = 'printf "%s" "$1" > "$2.new" && chmod 755 "$2.new" && mv "$2.new" "$2"'
    site.nodes.run(node, "sh", "-c", put, "sh", program, place)


IPSET = "/usr/sbin/ipset"
BEFORE_IPSET = {
    Substrate.HOST: ("kube-proxy", "/usr/local/sbin/ipset"),
    Substrate.UML: ("director serve", "/usr/local/lib/kubeproof/legacy/ipset"),
}
"""Whose files kube-proxy sees, and where in them it looks for ipset first: a guest's are its director's."""


@contextmanager
def never_added(site: Site, ipset: str) -> Iterator[None]:
    """On every node, kube-proxy adds to that set from now on, and is told that it worked, in vain."""
    command, place = BEFORE_IPSET[site.cluster.substrate]
    program = f'#!/bin/sh\ncase "$*" in "add {ipset} "*) exit 0 ;; esac\nexec {IPSET} "$@"\n'
    with ExitStack() as undo:
        for node in site.cluster.nodes:
            root = f"/proc/{site.nodes.run(node, 'pgrep', '--oldest', '--full', command).strip()}/root"
            undo.callback(site.nodes.run, node, "rm", "-f", f"{root}{place}")
            _put(site, node, program, f"{root}{place}")
        yield
