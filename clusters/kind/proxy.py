"""Access to the place where a node's kube-proxy keeps its rules, and to the mode that kube-proxy reports."""

from __future__ import annotations

import json

from clusters.addons.uml import SOCKET
from clusters.cluster import Node
from clusters.engine import Engine
from clusters.errors import CommandFailed
from clusters.host.command import CommandResult
from clusters.proxymode import PROXY_MODE_COMMAND, require_mode
from clusters.spec import ClusterSpec, Substrate

PROXY_SELECTOR = "k8s-app=kube-proxy"
GRACE_S = 5.0
"""How much longer than the guest the node waits, so that the guest's own report of a time-out arrives."""


def run_by_proxy(
    engine: Engine, substrate: Substrate, node: Node, argv: tuple[str, ...], timeout_s: float
) -> CommandResult:
    """Run a program where kube-proxy's rules are: on the node, or in its user-mode Linux. Raises `CommandFailed`."""
    if substrate is Substrate.HOST:
        return engine.exec(node.name, *argv, timeout_s=timeout_s)
    return _run_in_guest(engine, node, argv, timeout_s)


def _run_in_guest(engine: Engine, node: Node, argv: tuple[str, ...], timeout_s: float) -> CommandResult:
    """Run a program in the guest by a request to the IPVS director's socket on the node.

    Starting a program in the director's pod takes four times as long as such a request.
    """
    request = json.dumps({"argv": argv, "timeout_s": timeout_s})
    post = ("curl", "--silent", "--show-error", "--unix-socket", SOCKET, "--data-binary", "@-", "http://director/")
    answer = engine.exec(node.name, *post, stdin=request, timeout_s=timeout_s + GRACE_S)
    try:
        reply = json.loads(answer.stdout)
    except ValueError as failure:
        raise CommandFailed(argv, -1, "", f"the director's reply is not JSON: {answer.stdout[:200]!r}") from failure
    if reply["exit_code"] != 0:
        raise CommandFailed(argv, reply["exit_code"], reply.get("stdout", ""), reply.get("stderr", ""))
    return CommandResult(reply["stdout"], reply["stderr"])


def require_effective_mode(engine: Engine, spec: ClusterSpec, nodes: tuple[Node, ...]) -> None:
    """Ask every node's kube-proxy for its mode. Raises `ClusterNotReady` if one runs in another mode."""
    for node in nodes:
        answer = run_by_proxy(engine, spec.substrate, node, PROXY_MODE_COMMAND, timeout_s=30).stdout
        require_mode(spec.name, node.name, spec.mode, answer)
