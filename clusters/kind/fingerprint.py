"""The fingerprint of a kind cluster's environment: everything that a measurement or a verdict may depend on."""

from __future__ import annotations

import json
from collections.abc import Callable

from clusters.addons.guard import LIST_COUNTERS, read_guard_count
from clusters.cluster import Node
from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.kind.nodes import control_plane, node_containers
from clusters.kind.periods import in_words
from clusters.kind.proxy import PROXY_SELECTOR, run_by_proxy
from clusters.proxymode import PROXY_CONFIG_COMMAND
from clusters.spec import ClusterSpec, Mode, Substrate

PROGRAMS = ("iptables", "nft")
"""The programs by which kube-proxy writes rules."""

UNKNOWN = "could not be read"
OCI_RUNTIME_VERSION = (
    *("sh", "-c"),
    "$(sed --quiet \"s/ *BinaryName = '\\(.*\\)'/\\1/p\" /etc/containerd/config.toml | grep . || echo runc) --version",
)
"""Prints the version of the program with which the node's containerd runs containers: runc unless configured."""


def fingerprint(engine: Engine, spec: ClusterSpec, nodes: tuple[Node, ...]) -> dict[str, str]:
    """Return the facts of the environment by name. The value of a fact that cannot be read is the reason."""
    version, kernel, cgroup_version = _engine_facts(engine)
    node = nodes[-1]

    def on_node(*argv: str) -> str:
        return _fact(lambda: _first_line(engine.exec(node.name, *argv).stdout))

    seen = {
        "engine": version,
        "host kernel": kernel,
        "processor": on_node("sed", "--quiet", r"s/^model name\s*: //p", "/proc/cpuinfo") or UNKNOWN,
        "cgroup version": cgroup_version,
        "node image": _fact(lambda: _node_image(engine, spec.name)),
        "proxier log line": _fact(lambda: _proxier_line(engine, spec.name)),
        **_proxy_versions(engine, spec, node),
        "container runtime of the node": on_node(*OCI_RUNTIME_VERSION),
        "iptables of the node": on_node("iptables", "--version"),
        "nft of the node": on_node("nft", "--version"),
        "ipset of the node": on_node("ipset", "--version"),
        "conntrack max": on_node("cat", "/proc/sys/net/netfilter/nf_conntrack_max"),
        "minSyncPeriod": _fact(lambda: _min_sync_period(engine, spec, node)),
        "shorter periods": in_words(engine.patience),
    }
    if spec.mode is Mode.IPVS:
        seen["ipvs scheduler"] = spec.ipvs_scheduler
    return seen


def guard_counts(engine: Engine, nodes: tuple[Node, ...]) -> dict[str, str]:
    """Return the packets that the leak guard has dropped on each node so far.

    Raises `CommandFailed`, or `ClusterNotReady` if the guard is not loaded.
    """
    counts = {node.name: read_guard_count(engine.exec(node.name, *LIST_COUNTERS).stdout) for node in nodes}
    words = (f"{name}: {count.forwarded} from pods, {count.own} of its own" for name, count in counts.items())
    return {"packets the leak guard dropped": "; ".join(words)}


def _proxy_versions(engine: Engine, spec: ClusterSpec, node: Node) -> dict[str, str]:
    """Return the versions of kube-proxy's own programs: its nft may fail to read what another version has written."""
    if spec.substrate is Substrate.UML:

        def in_guest(*argv: str) -> str:
            return _fact(lambda: _first_line(run_by_proxy(engine, spec.substrate, node, argv, 30).stdout))

        versions = {f"{program} of kube-proxy": in_guest(program, "--version") for program in PROGRAMS}
        return {**versions, "kernel of kube-proxy": in_guest("uname", "-r")}

    def in_proxy(program: str) -> str:
        in_pod = ("exec", "--namespace=kube-system", "daemonset/kube-proxy", "--", program, "--version")
        return _fact(lambda: _first_line(control_plane(engine, spec.name).run(*in_pod)))

    return {f"{program} of kube-proxy": in_proxy(program) for program in PROGRAMS}


def _fact(read: Callable[[], str]) -> str:
    """Return what `read` returns, or the reason why it fails."""
    try:
        return read()
    except WorldError as failure:
        return _reason(failure)


def _reason(failure: WorldError) -> str:
    return f"{UNKNOWN}: {failure.message}"


def _first_line(output: str) -> str:
    return output.strip().partition("\n")[0]


def _engine_facts(engine: Engine) -> tuple[str, str, str]:
    """Return the engine's version, its host's kernel release and its cgroup version."""
    try:
        info = engine.info()
    except WorldError as failure:
        return (_reason(failure),) * 3
    return info.version, info.kernel, info.cgroup_version


def _node_image(engine: Engine, cluster: str) -> str:
    return next((str(container["Image"]) for container in node_containers(engine, cluster)), UNKNOWN)


def _proxier_line(engine: Engine, cluster: str) -> str:
    log = control_plane(engine, cluster).run(
        "logs", "--namespace=kube-system", f"--selector={PROXY_SELECTOR}", "--tail=200"
    )
    return next((line for line in log.splitlines() if "Proxier" in line), UNKNOWN)


def _min_sync_period(engine: Engine, spec: ClusterSpec, node: Node) -> str:
    """Return the shortest time between two syncs in the cluster's mode, as kube-proxy reports it.

    Each mode has its own, with its own default: none for ipvs, a second for the others.
    """
    answer = run_by_proxy(engine, spec.substrate, node, PROXY_CONFIG_COMMAND, 30).stdout
    try:
        (config,) = json.loads(answer).values()
        return str(config[str(spec.mode)]["minSyncPeriod"])
    except (ValueError, AttributeError, KeyError, TypeError):
        return f"{UNKNOWN}: kube-proxy reports no configuration, but {answer[:80]!r}"
