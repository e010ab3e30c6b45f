"""A fake API server of an existing cluster with three nodes and kubeadm's kube-proxy. It records all calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.errors import CommandFailed, WorldError
from clusters.existing.api import SYSTEM, ProxyPod
from clusters.host.command import CommandResult

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


Refused = tuple[str, str]
"""The reason and the message with which a kubelet reports a failed pull."""


class FakeApi:
    """A fake `ClusterApi`.

    `modes` maps each node to the response of its /proxyMode; a node that is missing there refuses port-forwards.
    `refused` maps node and image reference to the reason of a failed pull. `answers` maps the pod's and the program's
    name to the program's output or its error.
    """

    def __init__(
        self,
        *,
        config: str | None = "mode: iptables\nclusterCIDR: 10.244.0.0/16\n",
        modes: Mapping[str, str] | None = None,
        logs: Mapping[str, str] | None = None,
        proxies: tuple[str, ...] = NODES,
        refused: Mapping[tuple[str, str], Refused] | None = None,
        answers: Mapping[tuple[str, str], str | WorldError] | None = None,
        namespaces: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self._config = config
        self._modes = dict.fromkeys(NODES, "iptables") if modes is None else modes
        self._logs = logs or {}
        self._proxies = proxies
        self.ports: list[int] = []
        self._refused = refused or {}
        self._answers = answers or {}
        self.programs: list[tuple[str, tuple[str, ...]]] = []
        self.node_pods: list[str] = []
        self.exec_failure: CommandFailed | None = None
        self.start_failure: BaseException | None = None
        """The error with which the wait for a pod in kube-system ends after the pod was created."""
        self.existing_namespaces = {found["metadata"]["name"]: found for found in namespaces}
        self.started: dict[tuple[str, str], dict[str, Any]] = {}
        """The manifests of pods by namespace and name."""
        self.created: list[str] = []
        """The names of all pods that were created in the run's own namespaces."""

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

    def exec(self, pod: str, argv: tuple[str, ...], timeout_s: float, namespace: str = SYSTEM) -> CommandResult:
        self.programs.append((pod, argv))
        if self.exec_failure is not None:
            raise self.exec_failure
        if namespace != SYSTEM and (namespace, pod) not in self.started:
            raise CommandFailed(argv, 1, "", f"exec into pod {namespace}/{pod}: Not Found")
        answer = self._answers.get((pod, argv[0]), "done")
        if isinstance(answer, WorldError):
            raise answer
        return CommandResult(answer, "")

    def run_pod(self, manifest: dict[str, Any], timeout_s: float) -> None:
        self.node_pods.append(manifest["metadata"]["name"])
        if self.start_failure is not None:
            raise self.start_failure

    def delete_pod(self, name: str, namespace: str = SYSTEM) -> None:
        if namespace == SYSTEM:
            self.node_pods.remove(name)
        else:
            self.started.pop((namespace, name), None)

    def create_namespace(self, name: str, labels: dict[str, str], annotations: dict[str, str]) -> None:
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        self.existing_namespaces[name] = {"metadata": metadata}

    def namespaces(self, label: str) -> tuple[dict[str, Any], ...]:
        return tuple(
            found for found in self.existing_namespaces.values() if label in found["metadata"].get("labels", {})
        )

    def delete_namespace(self, name: str) -> None:
        self.existing_namespaces.pop(name, None)
        for pod in [pod for pod in self.started if pod[0] == name]:
            del self.started[pod]

    def create_pod(self, namespace: str, manifest: dict[str, Any]) -> None:
        name = manifest["metadata"]["name"]
        self.created.append(name)
        self.started.setdefault((namespace, name), manifest)

    def pods(self, namespace: str) -> tuple[dict[str, Any], ...]:
        return tuple(self._with_status(manifest) for (found, _), manifest in self.started.items() if found == namespace)

    def _with_status(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Return the pod with the status that its kubelet would set."""
        states = [(container, self._state(manifest, container)) for container in manifest["spec"]["containers"]]
        statuses = [{"name": container["name"], "state": state} for container, state in states]
        return {**manifest, "status": {"phase": "Pending", "containerStatuses": statuses}}

    def _state(self, manifest: dict[str, Any], container: dict[str, Any]) -> dict[str, Any]:
        refusal = self._refused.get((manifest["spec"]["nodeName"], container["image"]))
        if refusal is not None:
            return {"waiting": dict(zip(("reason", "message"), refusal, strict=True))}
        return {"terminated": {"exitCode": 0}} if container["command"] == ["true"] else {"running": {}}
