"""The kube-proxy pods of an existing cluster: the one of each node, and the versions of its programs."""

from __future__ import annotations

from clusters.errors import ClusterNotReady, CommandFailed, WorldError
from clusters.existing.api import ClusterApi, ProxyPod
from clusters.host.command import CommandResult

ABSENT = ("executable file not found", "no such file or directory")
"""The messages of container runtimes about a program that an image lacks."""

TIMEOUT_S = 30.0
UNKNOWN = "could not be read"


def proxy_pod(api: ClusterApi, cluster: str, node: str) -> ProxyPod:
    """Return the kube-proxy pod of a node. Raises `ClusterNotReady` unless there is exactly one."""
    pods = [pod for pod in api.proxy_pods() if pod.node == node]
    if len(pods) != 1:
        raise ClusterNotReady(f"node {node} of cluster {cluster} runs {len(pods)} kube-proxy pods, expected 1")
    return pods[0]


def is_absent(failure: CommandFailed) -> bool:
    """Return True if the command failed because the container lacks the program."""
    return any(words in failure.stderr.lower() for words in ABSENT)


def legacy_iptables(api: ClusterApi, pod: ProxyPod) -> bool:
    """Return True if this kube-proxy uses iptables' legacy backend, according to its own iptables program.

    The wrapper in each image chooses the backend that the node uses (github.com/kubernetes-sigs/iptables-wrappers), so
    nodes may differ. A kube-proxy without iptables writes no such rules. Raises `CommandFailed`.
    """
    try:
        return "legacy" in api.exec(pod.name, ("iptables", "--version"), TIMEOUT_S).stdout
    except CommandFailed as failure:
        if is_absent(failure):
            return False
        raise


def proxy_versions(api: ClusterApi, pods: tuple[ProxyPod, ...]) -> dict[str, str]:
    """Return the versions of kube-proxy's own iptables and nft, which limit the rules that it can read.

    The versions are read in one pod of each image.
    """
    one_per_image = {pod.image: pod for pod in pods}.values()
    return {
        f"{program} of kube-proxy": ", ".join(sorted({_version(api, pod, program) for pod in one_per_image}))
        for program in ("iptables", "nft")
    }


def first_line(result: CommandResult) -> str:
    """Return the first line of a program's output, which has its version."""
    return result.stdout.strip().partition("\n")[0]


def _version(api: ClusterApi, pod: ProxyPod, program: str) -> str:
    try:
        return first_line(api.exec(pod.name, (program, "--version"), TIMEOUT_S))
    except CommandFailed as failure:
        return f"its image has no {program}" if is_absent(failure) else f"{UNKNOWN}: {failure.message}"
    except WorldError as failure:
        return f"{UNKNOWN}: {failure.message}"
