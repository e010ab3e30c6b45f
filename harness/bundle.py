"""The evidence of a failure: what was so in the cluster when a case failed. Bounded, and without Secrets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml
from kubernetes.client.exceptions import ApiException

from clusters.errors import KubeproofError
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube

FILE_LIMIT = 256 * 1024
BUNDLE_LIMIT = 4 * 1024 * 1024
LISTED = (
    ("", "pods"),
    ("", "services"),
    ("", "events"),
    ("apps", "deployments"),
    ("discovery.k8s.io", "endpointslices"),
)
RULES = {
    "iptables": (("iptables-save", "-c"),),
    "ipvs": (("ipvsadm", "-Ln"), ("ipset", "list"), ("iptables-save", "-c")),
    "nftables": (("nft", "list", "table", "ip", "kube-proxy"),),
}


def collect_bundle(kube: Kube, shell: ProxyShell, namespace: str, directory: Path, failure: str) -> None:
    """Write a file for each part; one that cannot be had says why. Never raises for what the cluster lacks."""
    bundle = Bundle(directory)
    bundle.add("failure.txt", lambda: failure)
    for group, kind in LISTED:
        root = f"/apis/{group}/v1" if group else "/api/v1"
        path = f"{root}/namespaces/{namespace}/{kind}"
        bundle.add(f"{kind}.yaml", lambda path=path: yaml.safe_dump(kube.get(path), sort_keys=False))  # type: ignore[misc]
    for pod in _pods(kube, namespace):
        for previous in (False, True):
            name = f"log-{pod}{'-previous' if previous else ''}.txt"
            bundle.add(name, lambda pod=pod, previous=previous: kube.logs(namespace, pod, previous=previous))  # type: ignore[misc]
    cluster = kube.cluster
    for node in cluster.nodes:
        for argv in (*RULES[cluster.mode], ("conntrack", "-L")):
            name = f"{node.name}-{argv[0]}{''.join(argv[1:2])}.txt"
            bundle.add(name, lambda node=node, argv=argv: shell.run(node, *argv))  # type: ignore[misc]


class Bundle:
    """A folder that grows up to its limit."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._left = BUNDLE_LIMIT
        directory.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, ask: Callable[[], str]) -> None:
        """Write what `ask` answers, cut at the limits; a cut says so."""
        try:
            text = ask()
        except (KubeproofError, ApiException, OSError) as failure:
            text = f"could not be had: {failure}\n"
        limit = min(FILE_LIMIT, self._left)
        if len(text) > limit:
            text = f"{text[:limit]}\n... cut here: {len(text)} characters in all\n"
        self._left = max(0, self._left - len(text))
        (self._directory / name).write_text(text)


def _pods(kube: Kube, namespace: str) -> list[str]:
    try:
        return [pod["metadata"]["name"] for pod in kube.get(f"/api/v1/namespaces/{namespace}/pods")["items"]]
    except (KubeproofError, ApiException):
        return []
