"""Defects of kube-proxy: it is frozen, it is gone, it has a wrong configuration, or its tools alter its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from clusters.cluster import Node
from clusters.errors import CommandFailed
from clusters.proxymode import PROXY_MODE_COMMAND
from clusters.spec import Substrate
from harness.kube.nodes.shell import wait_process
from harness.kube.status import is_ready
from harness.kube.wait import wait_until
from tests.planted.fault import Site
from tests.planted.means.kernel import RAW_PREROUTING, packet_rule

DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/kube-proxy"
PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-proxy"
RESTART = "io.kubeproof/planted"
DEADLINE_S = 180.0
SEEN_DEADLINE_S = 60.0
GUESTS = "169.254.0.0/16"
"""The block that contains the addresses of guests of substrate `uml`."""

API_SERVER = 6443
STATE = "cut -d' ' -f3 /proc/$(pidof kube-proxy)/stat"


@contextmanager
def frozen(site: Site, node: Node) -> Iterator[None]:
    """Keep the rules of the node's kube-proxy frozen: it handles no changes any more.

    Its process is suspended. In a guest, where processes cannot be signalled from the node, kube-proxy is cut off from
    the API server instead.
    """
    if site.cluster.substrate is Substrate.UML:
        means = packet_rule(site, node, RAW_PREROUTING, f"ip saddr {GUESTS} tcp dport {API_SERVER} drop")
    else:
        means = _suspended(site, node)
    with means:
        yield


@contextmanager
def _suspended(site: Site, node: Node) -> Iterator[None]:
    try:
        site.nodes.run(node, "sh", "-c", "kill -STOP $(pidof kube-proxy)")
        _wait_state(site, node, "suspended", lambda state: state == "T")
        yield
    finally:
        site.nodes.run(node, "sh", "-c", "kill -CONT $(pidof kube-proxy)")
        _wait_state(site, node, "resumed", lambda state: state != "T")


def _wait_state(site: Site, node: Node, condition: str, wanted: Callable[[str], bool]) -> None:
    wait_until(
        f"the process of kube-proxy on node {node.name} {condition}",
        lambda: site.nodes.run(node, "sh", "-c", STATE).strip(),
        wanted,
        deadline_s=SEEN_DEADLINE_S,
    )


@contextmanager
def gone(site: Site, nodes: tuple[Node, ...]) -> Iterator[None]:
    """Run no kube-proxy on these nodes; the rules that it wrote stay in their kernels."""
    names = [node.name for node in nodes]
    term = {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": [name]} for name in names]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    try:
        _set_affinity(site, affinity)
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
    """Run every kube-proxy with a changed configuration; `seen` returns whether it is in effect on a node."""
    before = site.kube.get(CONFIG_MAP)["data"]["config.conf"]
    config = yaml.safe_load(before)
    change(config)
    try:
        _restart_with(site, yaml.safe_dump(config), "yes")
        for node in site.cluster.nodes:
            wait_until(
                f"kube-proxy on node {node.name} with the changed configuration",
                lambda node=node: seen(node),  # type: ignore[misc]
                bool,
                deadline_s=SEEN_DEADLINE_S,
            )
        yield
    finally:
        _restart_with(site, before, None)


def mode_of(site: Site, node: Node) -> str:
    """Return the mode that the node's kube-proxy reports, or "" while it starts."""
    try:
        return site.proxies.run(node, *PROXY_MODE_COMMAND).strip()
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
        f"{count} pods of kube-proxy from the newest template ready in cluster {site.cluster.name}",
        sample,
        lambda seen: seen == (True, count, count, count),
        deadline_s=DEADLINE_S,
    )


@dataclass(frozen=True, slots=True)
class Tool:
    """A program to which kube-proxy passes its rules.

    `path` is where kube-proxy looks for it, `original` is the path of the original program while the fault
    is in place.
    """

    path: str
    original: str
    in_the_way: bool
    """Whether the original has to be copied to `original` first, because it is at `path`."""


IPTABLES_RESTORE = Tool("/usr/local/sbin/iptables-restore", "/usr/sbin/iptables-restore", in_the_way=False)
"""kube-proxy looks for it in PATH at each call."""

NFT = Tool("/usr/sbin/nft", "/usr/sbin/nft.true", in_the_way=True)
"""kube-proxy looks for it once, when it starts."""


@contextmanager
def rules_altered(site: Site, tool: Tool, script: str) -> Iterator[None]:
    """On every node, filter what kube-proxy passes to a tool through `sed -E script` first."""
    with ExitStack() as undo:
        for node in site.cluster.nodes:
            undo.enter_context(_rules_altered_on(site, node, tool, script))
        yield


@contextmanager
def _rules_altered_on(site: Site, node: Node, tool: Tool, script: str) -> Iterator[None]:
    root = f"/proc/{site.nodes.run(node, 'pidof', 'kube-proxy').strip()}/root"
    path, original = f"{root}{tool.path}", f"{root}{tool.original}"
    try:
        if tool.in_the_way:
            site.nodes.run(node, "cp", "--archive", path, original)
        _install(site, node, f"#!/bin/sh\nsed -E '{script}' | {tool.original} \"$@\"\n", path)
        yield
    finally:
        site.nodes.run(node, *(("mv", original, path) if tool.in_the_way else ("rm", "-f", path)))


def _install(site: Site, node: Node, program: str, path: str) -> None:
    """Write an executable file on the node; the last step is a rename, so that no incomplete program is run."""
    script = 'printf "%s" "$1" > "$2.new" && chmod 755 "$2.new" && mv "$2.new" "$2"'
    site.nodes.run(node, "sh", "-c", script, "sh", program, path)


IPSET = "/usr/sbin/ipset"
IPSET_OVERRIDES = {
    Substrate.HOST: ("kube-proxy", "/usr/local/sbin/ipset"),
    Substrate.UML: ("director serve", "/usr/local/lib/kubeproof/legacy/ipset"),
}
"""By substrate, the process whose file system kube-proxy sees, and the path there at which it looks for ipset first.

A guest uses the file system of its IPVS director.
"""


@contextmanager
def additions_ignored(site: Site, ipset: str) -> Iterator[None]:
    """On every node, let kube-proxy's additions to that ipset report success without any effect."""
    command, path = IPSET_OVERRIDES[site.cluster.substrate]
    program = f'#!/bin/sh\ncase "$*" in "add {ipset} "*) exit 0 ;; esac\nexec {IPSET} "$@"\n'
    with ExitStack() as undo:
        for node in site.cluster.nodes:
            root = f"/proc/{site.nodes.run(node, 'pgrep', '--oldest', '--full', command).strip()}/root"
            undo.callback(site.nodes.run, node, "rm", "-f", f"{root}{path}")
            _install(site, node, program, f"{root}{path}")
        yield
