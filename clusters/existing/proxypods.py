"""kube-proxy's own container on each node of an existing cluster: which one it is, and the versions of its programs."""

from __future__ import annotations

from clusters.command import CommandResult
from clusters.errors import ClusterNotReady, CommandFailed, WorldError
from clusters.existing.api import ClusterApi, ProxyPod

ABSENT = ("executable file not found", "no such file or directory")
"""How runtimes say that an image has no such program."""

TIMEOUT_S = 30.0
UNKNOWN = "could not be read"


def proxy_pod(api: ClusterApi, cluster: str, node: str) -> ProxyPod:
    """Return the kube-proxy of a node. Raises `ClusterNotReady` unless there is exactly one."""
    pods = [pod for pod in api.proxy_pods() if pod.node == node]
    if len(pods) != 1:
        raise ClusterNotReady(f"node {node} of cluster {cluster} runs {len(pods)} kube-proxy pods, expected was 1")
    return pods[0]


def is_absent(failure: CommandFailed) -> bool:
    """It failed because the container has no such program."""
    return any(words in failure.stderr.lower() for words in ABSENT)


def legacy_iptables(api: ClusterApi, pod: ProxyPod) -> bool:
    """True if the kube-proxy writes its rules by iptables' legacy backend, as its own iptables says.

    Each image's wrapper chooses the backend that the node uses (github.com/kubernetes-sigs/iptables-wrappers), so that
    nodes may differ. A kube-proxy without iptables writes no such rules. Raises `CommandFailed`.
    """
    try:
        return "legacy" in api.exec(pod.name, ("iptables", "--version"), TIMEOUT_S).stdout
    except CommandFailed as failure:
        if is_absent(failure):
            return False
        raise


def proxy_versions(api: ClusterApi, pods: tuple[ProxyPod, ...]) -> dict[str, str]:
    """Return the versions of kube-proxy's own iptables and nft, which decide what it can read; one pod of each image
    is asked."""
    one_an_image = {pod.image: pod for pod in pods}.values()
    return {
        f"{program} of kube-proxy": ", ".join(sorted({_version(api, pod, program) for pod in one_an_image}))
        for program in ("iptables", "nft")
    }


def first_line(result: CommandResult) -> str:
    """What a program says of its version."""
    return result.stdout.strip().partition("\n")[0]


def _version(api: ClusterApi, pod: ProxyPod, program: str) -> str:
    try:
        return first_line(api.exec(pod.name, (program, "--version"), TIMEOUT_S))
    except CommandFailed as failure:
        return f"its image has no {program}" if is_absent(failure) else f"{UNKNOWN}: {failure.message}"
    except WorldError as failure:
        return f"{UNKNOWN}: {failure.message}"
