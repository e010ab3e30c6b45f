"""The resource metrics API, which an add-on serves: is it there, and what if it goes away?"""

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
from harness.kube.wait import condition_of, wait_until

API = "v1beta1.metrics.k8s.io"
END_DEADLINE_S = 60.0
BACK_DEADLINE_S = 120.0
METRIC_DEADLINE_S = 120.0
UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class MetricsServer:
    """metrics-server, by the names that it has everywhere."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"

    def why_unavailable(self) -> str | None:
        """Why the API server has no metrics to give, or None.

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
        """The pod has a metric of time after `since_s` alone; Unix time, by the clock of the pod's node.

        One of too short a time does not count: those of new containers have been of a third of a second, in which
        a pod may well use twice its mean.
        """
        path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{pod}"
        wait_until(
            f"a metric of pod {namespace}/{pod} of cluster {self._kube.cluster.name} of the time since {since_s:.0f}",
            lambda: self._kube.find(path),
            lambda found: found is not None and begin_of(found) >= since_s and length_s(found) >= SHORTEST_S,
            deadline_s=METRIC_DEADLINE_S,
            interval_s=1.0,
        )

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """No pod of metrics-server runs while the block lasts; afterwards there are metrics of all nodes again."""
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
            return frozenset()  # the API server answers 503 as long as nobody serves them


def begin_of(metric: dict[str, Any]) -> float:
    """When the stretch of time begins that a metric is of, in Unix time."""
    return datetime.fromisoformat(metric["timestamp"]).timestamp() - length_s(metric)


def length_s(metric: dict[str, Any]) -> float:
    """How long that stretch is, which is told as Go tells a duration, such as 1m2.5s.

    https://pkg.go.dev/time#Duration.String
    """
    parts = re.findall(r"([\d.]+)(ms|h|m|s)", metric["window"])
    return sum(float(number) * UNITS_S[unit] for number, unit in parts)
