"""An existing cluster's API server: three nodes, kubeadm's kube-proxy, and a memory of what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.command import CommandResult
from clusters.errors import CommandFailed
from clusters.existing.api import ProxyPod

NODES = ("control-plane", "worker", "worker2")


def node(number: int, name: str) -> dict[str, Any]:
    role = {"node-role.kubernetes.io/control-plane": ""} if name == "control-plane" else {}
    return {
        "metadata": {"name": name, "labels": role},
        "spec": {"podCIDRs": [f"10.244.{number}.0/24"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": "fd00::1"},
                {"type": "InternalIP", "address": f"10.0.0.{number}"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {"kernelVersion": "6.1.0", "osImage": "Debian", "containerRuntimeVersion": "containerd://2"},
        },
    }


class FakeApi:
    """`modes`: what each node's /proxyMode answers; a node that is absent there refuses port-forwards."""

    def __init__(
        self,
        *,
        config: str | None = "mode: iptables\nclusterCIDR: 10.244.0.0/16\n",
        modes: Mapping[str, str] | None = None,
        logs: Mapping[str, str] | None = None,
        proxies: tuple[str, ...] = NODES,
    ) -> None:
        self._config = config
        self._modes = dict.fromkeys(NODES, "iptables") if modes is None else modes
        self._logs = logs or {}
        self._proxies = proxies
        self.ports: list[int] = []
        self.programs: list[tuple[str, tuple[str, ...]]] = []
        self.pods: list[str] = []
        self.exec_failure: CommandFailed | None = None

    def version(self) -> str:
        return "1.36.1"

    def nodes(self) -> tuple[dict[str, Any], ...]:
        return tuple(node(number, name) for number, name in enumerate(NODES))

    def proxy_pods(self) -> tuple[ProxyPod, ...]:
        return tuple(ProxyPod(f"kube-proxy-{name}", name, "kube-proxy:v1.36.1") for name in self._proxies)

    def config_map(self, name: str) -> dict[str, str] | None:
        return {"config.conf": self._config} if name == "kube-proxy" and self._config is not None else None

    def service_cidr(self) -> str:
        return "10.96.0.0/12"

    def get_from_pod(self, pod: str, port: int, path: str) -> str:
        self.ports.append(port)
        answer = self._modes.get(pod.removeprefix("kube-proxy-"))
        if answer is None:
            raise CommandFailed(("GET", path), 1, "", "port-forward refused")
        return answer

    def log(self, pod: str) -> str:
        return self._logs.get(pod.removeprefix("kube-proxy-"), "")

    def exec(self, pod: str, argv: tuple[str, ...], timeout_s: float) -> CommandResult:
        self.programs.append((pod, argv))
        if self.exec_failure is not None:
            raise self.exec_failure
        return CommandResult("done", "")

    def run_pod(self, manifest: dict[str, Any], timeout_s: float) -> None:
        self.pods.append(manifest["metadata"]["name"])

    def delete_pod(self, name: str) -> None:
        self.pods.remove(name)
