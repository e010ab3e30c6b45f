"""Waiting: until a condition is seen, or its deadline has passed, or it has become impossible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from clusters.clock import Clock, SystemClock
from clusters.patience import Patience
from harness.kube.client import Kube
from harness.kube.kinds import node_path
from harness.kube.observe import INTERVAL_S, Observation, observe_within

Seen = TypeVar("Seen")
FATAL_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"})
"""Reasons of a waiting container that no patience cures."""


def wait_until(
    condition: str,
    sample: Callable[[], Seen],
    done: Callable[[Seen], bool],
    *,
    deadline_s: float,
    doomed: Callable[[Seen], str | None] = lambda seen: None,
    describe: Callable[[Seen], str] = repr,
    interval_s: float = INTERVAL_S,
    clock: Clock | None = None,
    patience: Patience | None = None,
) -> Seen:
    """What `sample` saw when `done` first held; see `observe_within` for the pauses between two looks.

    Raises `DeadlinePassed` after `deadline_s` with the last look in words, or `BecameImpossible` as soon as `doomed`
    gives a reason. The deadline is that of an ordinary host: `patience`, if none is given that of this host, makes it
    longer.
    """
    return observe_within(
        condition,
        sample,
        done,
        within_s=deadline_s,
        doomed=doomed,
        describe=describe,
        interval_s=interval_s,
        clock=clock,
        patience=patience,
    ).require()


class Waits:
    """The waits of one cluster that cases have in common."""

    def __init__(self, kube: Kube, clock: Clock | None = None) -> None:
        self._kube = kube
        self._clock = clock or SystemClock()

    def wait_pods_ready(
        self, namespace: str, selector: str, count: int, deadline_s: float = 60.0
    ) -> tuple[dict[str, Any], ...]:
        """`count` pods match `selector` and all are Ready; their manifests, sorted by name."""
        return self.observe_pods_ready(namespace, selector, count, deadline_s).require()

    def observe_pods_ready(
        self, namespace: str, selector: str, count: int, within_s: float = 60.0
    ) -> Observation[tuple[dict[str, Any], ...]]:
        """As `wait_pods_ready`, where too few or unready pods are an observation as well.

        Raises `BecameImpossible` if a pod can never be Ready, e.g. for want of its image.
        """

        def sample() -> tuple[dict[str, Any], ...]:
            found = self._list(f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")
            return tuple(sorted(found, key=lambda pod: str(pod["metadata"]["name"])))

        return observe_within(
            f"{count} pods {selector} in {namespace} of cluster {self._kube.cluster.name} Ready",
            sample,
            lambda pods: len(pods) == count and all(is_ready(pod) for pod in pods),
            doomed=lambda pods: next(filter(None, map(hopeless, pods)), None),
            describe=lambda pods: ", ".join(map(pod_state, pods)) or "no pods",
            within_s=within_s,
            clock=self._clock,
        )

    def wait_endpoints(
        self, namespace: str, service: str, ready: int, deadline_s: float = 30.0
    ) -> frozenset[tuple[str, int]]:
        """The Service has exactly `ready` ready endpoints; their addresses and ports."""
        return self.observe_endpoints(namespace, service, ready, deadline_s).require()

    def observe_endpoints(
        self, namespace: str, service: str, ready: int, within_s: float = 30.0
    ) -> Observation[frozenset[tuple[str, int]]]:
        """As `wait_endpoints`, where another number of endpoints is an observation as well."""
        return observe_within(
            f"Service {namespace}/{service} of cluster {self._kube.cluster.name} with {ready} ready endpoints",
            lambda: self.endpoints(namespace, service),
            lambda endpoints: len(endpoints) == ready,
            describe=lambda endpoints: f"{len(endpoints)} ready: {sorted(endpoints)}",
            within_s=within_s,
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
        """Wait until `done` holds of a pod, which `condition` says in words. Return the pod's manifest.

        Ends early if the pod is gone. A pod that has ended, or never will be Ready, is for `done` to judge.
        """
        return _present(self._observe_pod(namespace, name, condition, done, deadline_s, doomed=_gone))

    def wait_pod_appears(
        self,
        namespace: str,
        name: str,
        condition: str,
        done: Callable[[dict[str, Any]], bool],
        deadline_s: float = 60.0,
    ) -> dict[str, Any]:
        """As `wait_pod`, for a pod that something else creates and may replace: waits also while there is none."""
        return _present(self._observe_pod(namespace, name, condition, done, deadline_s))

    def observe_pod(
        self,
        namespace: str,
        name: str,
        condition: str,
        met: Callable[[dict[str, Any]], bool],
        within_s: float = 60.0,
    ) -> Observation[dict[str, Any] | None]:
        """As `wait_pod_appears`, where a pod that is not there, or not so, is an observation as well."""
        return self._observe_pod(namespace, name, condition, met, within_s)

    def _observe_pod(
        self,
        namespace: str,
        name: str,
        condition: str,
        met: Callable[[dict[str, Any]], bool],
        within_s: float,
        doomed: Callable[[dict[str, Any] | None], str | None] = lambda pod: None,
    ) -> Observation[dict[str, Any] | None]:
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        return observe_within(
            f"pod {namespace}/{name} of cluster {self._kube.cluster.name} {condition}",
            lambda: self._kube.find(path),
            lambda pod: pod is not None and met(pod),
            doomed=doomed,
            describe=lambda pod: "no pod" if pod is None else pod_state(pod),
            within_s=within_s,
            clock=self._clock,
        )

    def wait_node(self, name: str, kind: str, status: str, deadline_s: float) -> dict[str, Any]:
        """The node's condition of that kind has that status; the node's manifest."""
        return wait_until(
            f"node {name} of cluster {self._kube.cluster.name} with {kind} {status}",
            lambda: self._kube.get(node_path(name)),
            lambda node: condition_of(node, kind).get("status") == status,
            describe=lambda node: f"{condition_of(node, kind)}",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def wait_deployment_available(self, namespace: str, name: str, deadline_s: float = 120.0) -> dict[str, Any]:
        """The Deployment's newest template runs in all of its replicas, and in no other; its manifest."""
        return wait_until(
            f"Deployment {namespace}/{name} of cluster {self._kube.cluster.name} rolled out",
            lambda: self._kube.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"),
            is_rolled_out,
            doomed=past_its_progress_deadline,
            describe=lambda found: f"generation {found['metadata']['generation']}, {found.get('status')}",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def wait_gone(self, path: str, deadline_s: float = 60.0) -> None:
        """Nothing is at `path` of the API server any more."""
        wait_until(
            f"{path} of cluster {self._kube.cluster.name} gone",
            lambda: self._kube.find(path),
            lambda found: found is None,
            describe=lambda found: "gone" if found is None else f"{found['metadata']}",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def wait_none(self, path: str, deadline_s: float = 120.0) -> None:
        """The list at `path` of the API server is empty."""
        wait_until(
            f"nothing in {path} of cluster {self._kube.cluster.name}",
            lambda: self._list(path),
            lambda found: not found,
            describe=lambda found: ", ".join(item["metadata"]["name"] for item in found) or "nothing",
            deadline_s=deadline_s,
            clock=self._clock,
        )

    def endpoints(self, namespace: str, service: str) -> frozenset[tuple[str, int]]:
        """The Service's ready endpoints of its first port right now, from its EndpointSlices."""
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
    """The pod that met the condition, which one that is absent never does."""
    pod = observed.require()
    assert pod is not None
    return pod


def condition_of(found: dict[str, Any], kind: str) -> dict[str, Any]:
    """An object's condition of that kind; empty if it has none."""
    conditions = found.get("status", {}).get("conditions") or []  # a new CustomResourceDefinition's are null
    return next((dict(condition) for condition in conditions if condition["type"] == kind), {})


def is_ready(pod: dict[str, Any]) -> bool:
    """The pod's Ready condition is True and nobody has asked for its end."""
    conditions = {found["type"]: found["status"] for found in pod.get("status", {}).get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def hopeless(pod: dict[str, Any]) -> str | None:
    """Why the pod will never be Ready, or None."""
    name, status = pod["metadata"]["name"], pod.get("status", {})
    if status.get("phase") in ("Failed", "Succeeded"):
        return f"pod {name} has ended: {status['phase']}"
    for container in status.get("containerStatuses", []):
        waiting = container["state"].get("waiting", {})
        if waiting.get("reason") in FATAL_REASONS:
            return f"pod {name}: {waiting['reason']}: {waiting.get('message', '')}"
    return None


def unschedulable(pod: dict[str, Any]) -> str | None:
    """What the scheduler says of a pod that it finds no node for, or None."""
    for found in pod.get("status", {}).get("conditions", []):
        if found["type"] == "PodScheduled" and found.get("reason") == "Unschedulable":
            return str(found.get("message"))
    return None


def restarts(pod: dict[str, Any]) -> int:
    """How often the containers of a pod were started again, together."""
    return sum(int(found["restartCount"]) for found in pod.get("status", {}).get("containerStatuses", []))


def is_rolled_out(deployment: dict[str, Any]) -> bool:
    """The controller has seen the newest generation, and all replicas, none besides, are available with it."""
    wanted, status = deployment["spec"]["replicas"], deployment.get("status", {})
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [wanted] * 3


def past_its_progress_deadline(deployment: dict[str, Any]) -> str | None:
    """What the controller says of a rollout that it has given up waiting for, or None."""
    for found in deployment.get("status", {}).get("conditions", []):
        if found.get("reason") == "ProgressDeadlineExceeded":
            return str(found.get("message"))
    return None


def pod_state(pod: dict[str, Any]) -> str:
    """One pod in words: name, phase, what its containers wait for."""
    status = pod.get("status", {})
    reasons = [
        container["state"]["waiting"].get("reason", "")
        for container in status.get("containerStatuses", [])
        if "waiting" in container["state"]
    ]
    unscheduled = [
        found.get("message", "")
        for found in status.get("conditions", [])
        if found["type"] == "PodScheduled" and found["status"] == "False"
    ]
    ready = "Ready" if is_ready(pod) else "not Ready"
    return " ".join([pod["metadata"]["name"], status.get("phase", "?"), ready, *reasons, *unscheduled])
