"""Control plane components: their processes can be stopped for a block and are started again after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Node
from clusters.errors import ClusterUnreachable, CommandFailed
from harness.kube.client import Kube
from harness.kube.nodes.shell import NodeShell, static_pod_directory, wait_process
from harness.kube.wait import wait_until

API_SERVER = "kube-apiserver"
LEADERS = ("kube-controller-manager", "kube-scheduler")
"""Components that work only while they hold the lease of their name (leader election)."""

BACK_DEADLINE_S = 180.0
"""Long, because a component that could not renew its lease exits, and the kubelet backs off before it restarts it."""


class ControlPlane:
    """The components of a cluster's control plane, which kubeadm runs as static pods."""

    def __init__(self, kube: Kube, shell: NodeShell) -> None:
        self._kube = kube
        self._shell = shell

    @property
    def _nodes(self) -> tuple[Node, ...]:
        return tuple(node for node in self._kube.cluster.nodes if node not in self._kube.cluster.workers)

    @contextmanager
    def stopped(self, component: str) -> Iterator[None]:
        """Stop the component on every control plane node while the block lasts.

        At the end of the block, starts it again and waits until the control plane works.
        """
        with ExitStack() as undo:
            undo.callback(self.wait_working)
            for node in self._nodes:
                undo.enter_context(self._without_manifest(node, component))
            yield

    @contextmanager
    def _without_manifest(self, node: Node, component: str) -> Iterator[None]:
        manifest = f"{static_pod_directory(self._shell, node)}/{component}.yaml"
        backup = f"/etc/kubernetes/{component}.yaml.aside"
        try:
            self._shell.run(node, "mv", manifest, backup)
            # With several API servers, it is unknown which one answers.
            if component == API_SERVER and len(self._nodes) == 1:
                self._kill_api_server(node)
            wait_process(self._shell, node, component, running=False)
            yield
        finally:
            self._shell.run(node, "sh", "-c", f"test ! -e {backup} || mv {backup} {manifest}")
            wait_process(self._shell, node, component, running=True)

    def _kill_api_server(self, node: Node) -> None:
        """Wait until the API server shuts down, then kill it.

        It would wait 30 s for open watches to end, and the leaders would lose their leases in that time.
        """
        wait_until(
            f"the API server of cluster {self._kube.cluster.name} shutting down",
            self._answers,
            lambda answers: not answers,  # the kubelet has seen that the manifest is gone and starts no other process
            deadline_s=BACK_DEADLINE_S,
        )
        with suppress(CommandFailed):  # the process may have ended by itself
            self._shell.run(node, "pkill", "-KILL", "-x", API_SERVER)

    def wait_working(self) -> None:
        """Wait until the API server answers and the leaders renew their leases."""
        wait_until(
            f"the API server of cluster {self._kube.cluster.name} answering",
            self._answers,
            bool,
            deadline_s=BACK_DEADLINE_S,
        )
        # Compare with renewals read now: the ones before the stop may have happened right up to it.
        before = self._renewals()
        wait_until(
            f"{' and '.join(LEADERS)} of cluster {self._kube.cluster.name} renewing their leases",
            self._renewals,
            lambda now: all(now[name] > before[name] for name in before),
            deadline_s=BACK_DEADLINE_S,
        )

    def _answers(self) -> bool:
        try:
            return self._kube.text("/readyz") == "ok"
        except (ClusterUnreachable, ApiException):
            return False  # the API server does not listen yet, or has not loaded its RBAC rules yet

    def _renewals(self) -> dict[str, str]:
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
        return {name: str(self._kube.get(f"{path}/{name}")["spec"]["renewTime"]) for name in LEADERS}
