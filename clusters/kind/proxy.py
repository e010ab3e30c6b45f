"""Where a node's kube-proxy keeps its rules, and what it says of itself."""

from __future__ import annotations

import json

from clusters.addons.uml import SOCKET
from clusters.cluster import Node
from clusters.command import CommandResult
from clusters.engine import Engine
from clusters.errors import CommandFailed
from clusters.proxymode import ASK, require_mode
from clusters.spec import ClusterSpec, Substrate

PROXY_SELECTOR = "k8s-app=kube-proxy"
GRACE_S = 5.0
"""How much longer we wait than the guest, so that its own account of being late arrives."""


def run_by_proxy(
    engine: Engine, substrate: Substrate, node: Node, argv: tuple[str, ...], timeout_s: float
) -> CommandResult:
    """Run a program where the rules are: on the node, or in its user-mode Linux. Raises `CommandFailed`."""
    if substrate is Substrate.HOST:
        return engine.exec(node.name, *argv, timeout_s=timeout_s)
    return _run_in_guest(engine, node, argv, timeout_s)


def _run_in_guest(engine: Engine, node: Node, argv: tuple[str, ...], timeout_s: float) -> CommandResult:
    """Ask the director, on the node: to start a program in its pod costs four times as much as to be answered."""
    question = json.dumps({"argv": argv, "timeout_s": timeout_s})
    ask = ("curl", "--silent", "--show-error", "--unix-socket", SOCKET, "--data-binary", "@-", "http://director/")
    done = json.loads(engine.exec(node.name, *ask, stdin=question, timeout_s=timeout_s + GRACE_S).stdout)
    if done["exit_code"] != 0:
        raise CommandFailed(argv, done["exit_code"], done.get("stdout", ""), done.get("stderr", ""))
    return CommandResult(done["stdout"], done["stderr"])


def require_effective_mode(engine: Engine, spec: ClusterSpec, nodes: tuple[Node, ...]) -> None:
    """Ask every node's kube-proxy. Raises `ClusterNotReady` if one runs in another mode."""
    for node in nodes:
        answer = run_by_proxy(engine, spec.substrate, node, ASK, timeout_s=30).stdout
        require_mode(spec.name, node.name, spec.mode, answer)
