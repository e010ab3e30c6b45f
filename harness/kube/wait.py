"""Waits: each ends when its condition is met, when its deadline passes, or when the condition becomes impossible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from clusters.host.clock import Clock, SystemClock
from clusters.host.patience import Patience
from harness.kube.client import Kube
from harness.kube.kinds import node_path
from harness.kube.observe import INTERVAL_S, Observation, observe_within
from harness.kube.status import (
    condition_of,
    is_ready,
    is_rolled_out,
    past_its_progress_deadline,
    pod_state,
    why_never_ready,
)

Seen = TypeVar("Seen")


def wait_until(
    condition: str,
    sample: Callable[[], Seen],
    done: Callable[[Seen], bool],
    *,
    deadline_s: float,
    why_impossible: Callable[[Seen], str | None] = lambda seen: None,
    describe: Callable[[Seen], str] = repr,
    interval_s: float = INTERVAL_S,
    clock: Clock | None = None,
    patience: Patience | None = None,
) -> Seen:
    """Wait until a sample satisfies `done` and return that sample. `observe_within` describes the pauses.

    The deadline is meant for a host of normal speed; `patience`, by default that of this host, extends it on slow ones.

    Raises `DeadlinePassed` after `deadline_s`, with the last sample in words, or `BecameImpossible` as soon as
    `why_impossible` returns a reason for a sample.
    """
    return observe_within(
        condition,
        sample,
        done,
        within_s=deadline_s,
        why_impossible=why_impossible,
        describe=describe,
        interval_s=interval_s,
        clock=clock,
        patience=patience,
    ).require()


class Waits:
    """Waits for objects of one cluster that cases have in common."""

    def __init__(self, kube: Kube, clock: Clock | None = None) -> None:
        self._kube = kube
        self._clock = clock or SystemClock()

    def wait_pods_ready(
        self, namespace: str, selector: str, count: int, deadline_s: float = 60.0
    ) -> tuple[dict[str, Any], ...]:
        """Wait until exactly `count` pods match `selector` and all are Ready. Return them, sorted by name."""
        return self.observe_pods_ready(namespace, selector, count, deadline_s).require()

    def observe_pods_ready(
        self, namespace: str, selector: str, count: int, within_s: float = 60.0
    ) -> Observation[tuple[dict[str, Any], ...]]:
        """Observe what `wait_pods_ready` waits for; too few or unready pods fail only when the case requires them.

        Raises `BecameImpossible` if a pod can never be Ready, for example because its image is missing.
        """

        def sample() -> tuple[dict[str, Any], ...]:
            found = self._list(f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")
            return tuple(sorted(found, key=lambda pod: str(pod["metadata"]["name"])))

        return observe_within(
            f"{count} pods {selector} in {namespace} of cluster {self._kube.cluster.name} Ready",
            sample,
            lambda pods: len(pods) == count and all(is_ready(pod) for pod in pods),
            why_impossible=lambda pods: next(filter(None, map(why_never_ready, pods)), None),
            describe=lambda pods: ", ".join(map(pod_state, pods)) or "no pods",
            within_s=within_s,
            clock=self._clock,
        )

    def wait_endpoints(
        self, namespace: str, service: str, ready: int, deadline_s: float = 30.0
    ) -> frozenset[tuple[str, int]]:
        """Wait until the Service has exactly `ready` ready endpoints. Return their addresses and ports."""
        return wait_until(
            f"Service {namespace}/{service} of cluster {self._kube.cluster.name} with {ready} ready endpoints",
            lambda: self.endpoints(namespace, service),
            lambda endpoints: len(endpoints) == ready,
            describe=lambda endpoints: f"{len(endpoints)} ready: {sorted(endpoints)}",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def wait_pod(
        self,
        namespace: str,
        name: str,
        condition: str,
        done: Callable[[dict[str, Any]], bool],
        deadline_s: float = 60.0,
    ) -> dict[str, Any]:
        """Wait until a pod satisfies `done`; `condition` is that in words. Return the pod's manifest.

        Raises `BecameImpossible` if the pod is gone. `done` also sees pods that have ended or can never be Ready.
        """
        return _present(self.observe_pod(namespace, name, condition, done, deadline_s, why_impossible=_gone))

    def wait_pod_appears(
        self,
        namespace: str,
        name: str,
        condition: str,
        done: Callable[[dict[str, Any]], bool],
        deadline_s: float = 60.0,
    ) -> dict[str, Any]:
        """Wait like `wait_pod`, but also while the pod does not exist: something else creates it or may replace it."""
        return _present(self.observe_pod(namespace, name, condition, done, deadline_s))

    def observe_pod(
        self,
        namespace: str,
        name: str,
        condition: str,
        met: Callable[[dict[str, Any]], bool],
        within_s: float = 60.0,
        *,
        why_impossible: Callable[[dict[str, Any] | None], str | None] = lambda pod: None,
    ) -> Observation[dict[str, Any] | None]:
        """Observe what `wait_pod_appears` waits for; the last sample is None if the pod does not exist.

        Raises `BecameImpossible` as soon as `why_impossible` returns a reason for a sample.
        """
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        return observe_within(
            f"pod {namespace}/{name} of cluster {self._kube.cluster.name} {condition}",
            lambda: self._kube.find(path),
            lambda pod: pod is not None and met(pod),
            why_impossible=why_impossible,
            describe=lambda pod: "no pod" if pod is None else pod_state(pod),
            within_s=within_s,
            clock=self._clock,
        )

    def wait_node(self, name: str, kind: str, status: str, deadline_s: float) -> dict[str, Any]:
        """Wait until the node's condition of that kind has that status. Return the node's manifest."""
        return wait_until(
            f"node {name} of cluster {self._kube.cluster.name} with {kind} {status}",
            lambda: self._kube.get(node_path(name)),
            lambda node: condition_of(node, kind).get("status") == status,
            describe=lambda node: f"{condition_of(node, kind)}",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def wait_deployment_available(self, namespace: str, name: str, deadline_s: float = 120.0) -> dict[str, Any]:
        """Wait until all replicas of the Deployment run its newest template and no old pod is left.

        Returns the Deployment's manifest.
        """
        return wait_until(
            f"Deployment {namespace}/{name} of cluster {self._kube.cluster.name} rolled out",
            lambda: self._kube.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"),
            is_rolled_out,
            why_impossible=past_its_progress_deadline,
            describe=lambda found: f"generation {found['metadata']['generation']}, {found.get('status')}",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def wait_gone(self, path: str, deadline_s: float = 60.0) -> None:
        """Wait until the object at `path` of the API server no longer exists."""
        wait_until(
            f"{path} of cluster {self._kube.cluster.name} gone",
            lambda: self._kube.find(path),
            lambda found: found is None,
            describe=lambda found: "gone" if found is None else f"{found['metadata']}",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def wait_none(self, path: str, deadline_s: float = 120.0) -> None:
        """Wait until the list at `path` of the API server is empty."""
        wait_until(
            f"nothing in {path} of cluster {self._kube.cluster.name}",
            lambda: self._list(path),
            lambda found: not found,
            describe=lambda found: ", ".join(item["metadata"]["name"] for item in found) or "nothing",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def endpoints(self, namespace: str, service: str) -> frozenset[tuple[str, int]]:
        """Return the Service's ready endpoints for its first port, read now from its EndpointSlices."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        slices = self._list(f"{path}?labelSelector=kubernetes.io/service-name%3D{service}")
        return frozenset(
            (address, found["ports"][0]["port"])
            for found in slices
            for endpoint in found.get("endpoints") or []
            if endpoint.get("conditions", {}).get("ready", True)
            for address in endpoint["addresses"]
        )

    def _list(self, path: str) -> list[dict[str, Any]]:
        return list(self._kube.get(path)["items"])


def _gone(pod: dict[str, Any] | None) -> str | None:
    return "the pod is gone" if pod is None else None


def _present(observed: Observation[dict[str, Any] | None]) -> dict[str, Any]:
    """Return the pod that met the condition; an absent pod never meets one."""
    pod = observed.require()
    assert pod is not None
    return pod
