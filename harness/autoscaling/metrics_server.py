"""metrics-server, the add-on that serves the resource metrics API: its availability, and stopping it for a while."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from kubernetes.client.exceptions import ApiException

from clusters.addons.metrics import LABELS, NAME, NAMESPACE, NODES_PATH
from clusters.errors import ClusterUnreachable
from harness.autoscaling.cpu import SHORTEST_S
from harness.kube.client import Kube
from harness.kube.status import condition_of
from harness.kube.wait import wait_until

API = "v1beta1.metrics.k8s.io"
END_DEADLINE_S = 60.0
BACK_DEADLINE_S = 120.0
METRIC_DEADLINE_S = 120.0
UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class MetricsServer:
    """The metrics-server of a cluster, found by its usual names."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"

    def why_unavailable(self) -> str | None:
        """Return why the API server serves no metrics, or None if it does.

        https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
        """
        service = self._kube.find(f"/apis/apiregistration.k8s.io/v1/apiservices/{API}")
        if service is None:
            return f"the cluster has no APIService {API}: no metrics-server is installed"
        available = condition_of(service, "Available")
        if available.get("status") == "True":
            return None
        return f"APIService {API} is not available: {available.get('reason')}: {available.get('message')}"

    def wait_pod_since(self, namespace: str, pod: str, since_s: float) -> None:
        """Wait until the pod has a metric whose window begins after `since_s`, in Unix time of the pod's node.

        A metric with a window shorter than `SHORTEST_S` does not count: new containers had windows of a third of a
        second, in which a pod can easily use twice its mean.
        """
        path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{pod}"
        wait_until(
            f"a metric of pod {namespace}/{pod} of cluster {self._kube.cluster.name} for the time since {since_s:.0f}",
            lambda: self._kube.find(path),
            lambda found: found is not None and window_begin_s(found) >= since_s and window_s(found) >= SHORTEST_S,
            deadline_s=METRIC_DEADLINE_S,
            interval_s=1.0,
        )

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop metrics-server while the block lasts; then wait until there are metrics of all nodes again."""
        replicas = int(self._kube.get(self._path)["spec"]["replicas"])
        try:
            self._scale(0)
            selector = ",".join(f"{name}%3D{value}" for name, value in LABELS.items())
            pods = f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector={selector}"
            wait_until(
                f"no pod of {NAME} in cluster {self._kube.cluster.name}",
                lambda: [pod["metadata"]["name"] for pod in self._kube.get(pods)["items"]],
                lambda found: not found,
                deadline_s=END_DEADLINE_S,
            )
            yield
        finally:
            self._scale(replicas)
            names = frozenset(node.name for node in self._kube.cluster.nodes)
            wait_until(
                f"metrics of all nodes of cluster {self._kube.cluster.name}",
                self._nodes,
                lambda found: names <= found,
                deadline_s=BACK_DEADLINE_S,
            )

    def _scale(self, replicas: int) -> None:
        self._kube.merge(self._path, {"spec": {"replicas": replicas}})

    def _nodes(self) -> frozenset[str]:
        try:
            return frozenset(item["metadata"]["name"] for item in self._kube.get(NODES_PATH)["items"])
        except (ApiException, ClusterUnreachable):
            return frozenset()  # the API server answers 503 until metrics-server serves metrics


def window_begin_s(metric: dict[str, Any]) -> float:
    """Return the beginning of a metric's window, in Unix time."""
    return datetime.fromisoformat(metric["timestamp"]).timestamp() - window_s(metric)


def window_s(metric: dict[str, Any]) -> float:
    """Return the length of a metric's window in seconds. The API formats it as Go does, such as 1m2.5s.

    https://pkg.go.dev/time#Duration.String
    """
    parts = re.findall(r"([\d.]+)(ms|h|m|s)", metric["window"])
    return sum(float(number) * UNITS_S[unit] for number, unit in parts)
