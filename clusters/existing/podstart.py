"""Waits for the start of Kubeproof's pods on an existing cluster, and the kubelet's reports on image pulls.

The reasons of a failed pull are those of kubernetes/kubernetes, pkg/kubelet/images/types.go, and of cri-api's errors
(k8s.io/cri-api/pkg/errors).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from clusters.errors import ClusterNotReady, ImageUnavailable
from clusters.existing.api import ClusterApi
from clusters.host.clock import Clock, SystemClock
from clusters.host.samples import samples_within

FINAL_REASONS = frozenset(("InvalidImageName", "ErrImageNeverPull"))
"""The reasons after which a kubelet does not try again."""

REFUSAL_REASONS = FINAL_REASONS | frozenset(
    ("ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed")
)
NOT_PULLED_YET = frozenset(("", "ContainerCreating", "PodInitializing"))

PATIENCE_S = 45.0
"""How long a pull may fail before it is an error, because a registry may be unreachable for a short time. The kubelet
tries again 10 s and 30 s after the first failure, and each try takes a few seconds."""

START_TIMEOUT_S = 300.0
"""The time limit for pulling images, of which the largest has about 200 MB, and starting the pod."""

INTERVAL_S = 0.5

REMEDY = (
    "`kubeproof images push REGISTRY/PREFIX` builds and pushes the images that cases need and prints the options that "
    "name them; nodes must be able to pull from that registry without a pull secret"
)


@dataclass(frozen=True, slots=True)
class PullRefusal:
    """An image that the kubelet failed to pull, with the kubelet's reason and message."""

    image: str
    reason: str
    message: str

    @property
    def words(self) -> str:
        return f"image {self.image}: {self.reason}: {' '.join(self.message.split())}"


def pull_refusals(pod: dict[str, Any]) -> tuple[PullRefusal, ...]:
    """Return the images of the pod that the kubelet failed to pull, according to the pod's status."""
    waiting = ((status, status["state"].get("waiting") or {}) for status in _container_statuses(pod))
    return tuple(
        PullRefusal(_image(pod, status["name"]), state["reason"], state.get("message", ""))
        for status, state in waiting
        if state.get("reason") in REFUSAL_REASONS
    )


def all_pulled(pod: dict[str, Any]) -> bool:
    """Return True if the images of all containers are on the node, whether or not their programs succeeded."""
    statuses = _container_statuses(pod)
    return len(statuses) == len(pod["spec"]["containers"]) and all(_pulled(status["state"]) for status in statuses)


def all_running(pod: dict[str, Any]) -> bool:
    """Return True if all containers run."""
    statuses = _container_statuses(pod)
    return len(statuses) == len(pod["spec"]["containers"]) and all("running" in status["state"] for status in statuses)


@dataclass(slots=True)
class PodStart:
    """A wait for pods of one namespace. `nodes` maps the pods' names to their nodes."""

    api: ClusterApi
    cluster: str
    namespace: str
    nodes: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)
    _refused: dict[tuple[str, str], tuple[float, PullRefusal]] = field(default_factory=dict)

    def wait(self, settled: Callable[[dict[str, Any]], bool], timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until `settled` is True for every pod.

        Raises `ImageUnavailable` for an image that cannot be pulled, `ClusterNotReady` for a pod that has failed or has
        not started in time.
        """
        # One list call covers all pods; a watch is not worth its effort.
        listed = partial(self.api.pods, self.namespace)
        for sample in samples_within(listed, limit_s=timeout_s, interval_s=INTERVAL_S, clock=self.clock):
            pods = {pod["metadata"]["name"]: pod for pod in sample.seen}
            waiting = [name for name in self.nodes if name not in pods or not settled(pods[name])]
            if not waiting:
                return
            for name in waiting:
                self._require_startable(name, pods.get(name))
            if sample.last:
                raise self._late(waiting[0], pods.get(waiting[0]), timeout_s)

    def _require_startable(self, name: str, pod: dict[str, Any] | None) -> None:
        """Raise an error if the pod cannot start any more."""
        if pod is None:
            return
        status = pod.get("status", {})
        if status.get("phase") == "Failed":
            raise ClusterNotReady(
                f"pod {self.namespace}/{name} on node {self.nodes[name]} of cluster {self.cluster} has failed "
                f"instead of starting: {status.get('reason', 'no reason')}: {status.get('message', 'no message')}"
            )
        for refusal in pull_refusals(pod):
            since_s, first = self._refused.setdefault((name, refusal.image), (self.clock.monotonic(), refusal))
            # The message of a back-off may omit why the pull before it failed.
            cause = first if refusal.reason == "ImagePullBackOff" else refusal
            if refusal.reason in FINAL_REASONS or self.clock.monotonic() - since_s >= PATIENCE_S:
                raise ImageUnavailable(
                    f"node {self.nodes[name]} of cluster {self.cluster} cannot pull {cause.words}", remedy=REMEDY
                )

    def _late(self, name: str, pod: dict[str, Any] | None, timeout_s: float) -> ClusterNotReady:
        seen = "it is gone" if pod is None else f"{pod['status'].get('phase', 'no phase')}, {_states(pod)}"
        return ClusterNotReady(
            f"pod {self.namespace}/{name} on node {self.nodes[name]} of cluster {self.cluster} has not started within "
            f"{timeout_s:.0f} s; last seen: {seen}",
            remedy=f"`kubectl --context {self.cluster} describe pod --namespace {self.namespace} {name}` has details",
        )


def _pulled(state: dict[str, Any]) -> bool:
    reason = (state.get("waiting") or {}).get("reason", "")
    return "running" in state or "terminated" in state or reason not in REFUSAL_REASONS | NOT_PULLED_YET


def _container_statuses(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pod.get("status", {}).get("containerStatuses") or ())


def _image(pod: dict[str, Any], container: str) -> str:
    """Return a container's image reference from the manifest, because a status may name it by digest or not at all."""
    return next(str(one["image"]) for one in pod["spec"]["containers"] if one["name"] == container)


def _states(pod: dict[str, Any]) -> str:
    states = (f"{status['name']}: {status['state']}" for status in _container_statuses(pod))
    return "; ".join(states) or "its kubelet has reported no status"
