"""The control plane's components, stopped for real and put back."""

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
"""Components that work only while they hold a lease of their name."""

BACK_DEADLINE_S = 180.0
"""A component that lost its lease with the API server ends, and the kubelet backs off before it starts it again."""


class ControlPlane:
    """The static pods that kubeadm makes of a cluster's control plane."""

    def __init__(self, kube: Kube, shell: NodeShell) -> None:
        self._kube = kube
        self._shell = shell

    @property
    def _nodes(self) -> tuple[Node, ...]:
        return tuple(node for node in self._kube.cluster.nodes if node not in self._kube.cluster.workers)

    @contextmanager
    def stopped(self, component: str) -> Iterator[None]:
        """No process of the component runs anywhere while the block lasts; afterwards all of them work again."""
        with ExitStack() as undo:
            undo.callback(self.wait_working)
            for node in self._nodes:
                undo.enter_context(self._without_manifest(node, component))
            yield

    @contextmanager
    def _without_manifest(self, node: Node, component: str) -> Iterator[None]:
        manifest = f"{static_pod_directory(self._shell, node)}/{component}.yaml"
        aside = f"/etc/kubernetes/{component}.yaml.aside"
        try:
            self._shell.run(node, "mv", manifest, aside)
            if component == API_SERVER and len(self._nodes) == 1:  # of several we could not tell which one answers
                self._hasten_its_end(node)
            wait_process(self._shell, node, component, running=False)
            yield
        finally:
            self._shell.run(node, "sh", "-c", f"test ! -e {aside} || mv {aside} {manifest}")
            wait_process(self._shell, node, component, running=True)

    def _hasten_its_end(self, node: Node) -> None:
        """An API server waits half a minute for watches that do not end, and leaders lose their leases meanwhile."""
        wait_until(
            f"the API server of cluster {self._kube.cluster.name} about to end",
            self._answers,
            lambda answers: not answers,  # so the kubelet has seen that its manifest is gone, and starts no other
            deadline_s=BACK_DEADLINE_S,
        )
        with suppress(CommandFailed):  # it has ended meanwhile
            self._shell.run(node, "pkill", "-KILL", "-x", API_SERVER)

    def wait_working(self) -> None:
        """The API server answers and the leaders renew their leases."""
        wait_until(
            f"the API server of cluster {self._kube.cluster.name} answering",
            self._answers,
            bool,
            deadline_s=BACK_DEADLINE_S,
        )
        # From now on, not from before it was stopped: a lease is renewed up to the very end.
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
            return False  # it is not there yet, or knows nobody's rights yet

    def _renewals(self) -> dict[str, str]:
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
        return {name: str(self._kube.get(f"{path}/{name}")["spec"]["renewTime"]) for name in LEADERS}
