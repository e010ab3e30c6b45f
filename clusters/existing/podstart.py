"""How pods of ours start on an existing cluster's nodes, and what a kubelet says of an image that it cannot pull.

Reasons are those of pkg/kubelet/images/types.go and of cri-api's errors (k8s.io/cri-api/pkg/errors).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.clock import Clock, SystemClock
from clusters.errors import ClusterNotReady, ImageUnavailable
from clusters.existing.api import ClusterApi

FINAL_REASONS = frozenset(("InvalidImageName", "ErrImageNeverPull"))
"""What a kubelet will not try again."""

REFUSAL_REASONS = FINAL_REASONS | frozenset(
    ("ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed")
)
NOT_PULLED_YET = frozenset(("", "ContainerCreating", "PodInitializing"))

PATIENCE_S = 45.0
"""How long a pull may fail, since a registry may be out of reach for a moment: the kubelet tries again 10 s and 30 s
after the first failure, and a try takes some seconds."""

START_TIMEOUT_S = 300.0
"""For images to be pulled, of which the largest has about 200 MB."""

INTERVAL_S = 0.5

REMEDY = (
    "`kubeproof images push REGISTRY/PREFIX` builds and pushes what cases need and prints the options that name it; "
    "nodes must reach that registry without a pull secret"
)


@dataclass(frozen=True, slots=True)
class PullRefusal:
    """A container whose image its kubelet has failed to pull."""

    image: str
    reason: str
    message: str

    @property
    def words(self) -> str:
        return f"image {self.image}: {self.reason}: {' '.join(self.message.split())}"


def pull_refusals(pod: dict[str, Any]) -> tuple[PullRefusal, ...]:
    """Return the pod's containers whose image could not be pulled when its status was written."""
    waiting = ((status, status["state"].get("waiting") or {}) for status in _container_statuses(pod))
    return tuple(
        PullRefusal(_image(pod, status["name"]), state["reason"], state.get("message", ""))
        for status, state in waiting
        if state.get("reason") in REFUSAL_REASONS
    )


def all_pulled(pod: dict[str, Any]) -> bool:
    """Every container's image is on the node, whatever became of its program."""
    statuses = _container_statuses(pod)
    return len(statuses) == len(pod["spec"]["containers"]) and all(_pulled(status["state"]) for status in statuses)


def all_running(pod: dict[str, Any]) -> bool:
    """Every container runs."""
    statuses = _container_statuses(pod)
    return len(statuses) == len(pod["spec"]["containers"]) and all("running" in status["state"] for status in statuses)


@dataclass(slots=True)
class PodStart:
    """Waits for pods of one namespace, which stand on the nodes that `nodes` tells by their names."""

    api: ClusterApi
    cluster: str
    namespace: str
    nodes: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)
    _refused: dict[tuple[str, str], tuple[float, PullRefusal]] = field(default_factory=dict)

    def wait(self, settled: Callable[[dict[str, Any]], bool], timeout_s: float = START_TIMEOUT_S) -> None:
        """Return when every pod is `settled`.

        Raises `ImageUnavailable` for an image that cannot be pulled, `ClusterNotReady` for a pod that ended or is late.
        """
        deadline_s = self.clock.monotonic() + timeout_s
        while True:
            pods = {pod["metadata"]["name"]: pod for pod in self.api.pods(self.namespace)}
            waiting = [name for name in self.nodes if name not in pods or not settled(pods[name])]
            if not waiting:
                return
            for name in waiting:
                self._require_startable(name, pods.get(name))
            if self.clock.monotonic() > deadline_s:
                raise self._late(waiting[0], pods.get(waiting[0]), timeout_s)
            self.clock.sleep(INTERVAL_S)  # one list for all pods; a watch would not be worth it

    def _require_startable(self, name: str, pod: dict[str, Any] | None) -> None:
        """Raise if waiting any longer for the pod's start is in vain."""
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
            # The back-off's own message may leave out why the pull before it failed.
            told = first if refusal.reason == "ImagePullBackOff" else refusal
            if refusal.reason in FINAL_REASONS or self.clock.monotonic() - since_s >= PATIENCE_S:
                raise ImageUnavailable(
                    f"node {self.nodes[name]} of cluster {self.cluster} cannot pull {told.words}", remedy=REMEDY
                )

    def _late(self, name: str, pod: dict[str, Any] | None, timeout_s: float) -> ClusterNotReady:
        seen = "it is gone" if pod is None else f"{pod['status'].get('phase', 'no phase')}, {_states(pod)}"
        return ClusterNotReady(
            f"pod {self.namespace}/{name} on node {self.nodes[name]} of cluster {self.cluster} has not started within "
            f"{timeout_s:.0f} s; last seen: {seen}",
            remedy=f"`kubectl --context {self.cluster} describe pod --namespace {self.namespace} {name}` tells more",
        )


def _pulled(state: dict[str, Any]) -> bool:
    reason = (state.get("waiting") or {}).get("reason", "")
    return "running" in state or "terminated" in state or reason not in REFUSAL_REASONS | NOT_PULLED_YET


def _container_statuses(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pod.get("status", {}).get("containerStatuses") or ())


def _image(pod: dict[str, Any], container: str) -> str:
    """As the manifest names it; a status may name it by digest, or by none."""
    return next(str(one["image"]) for one in pod["spec"]["containers"] if one["name"] == container)


def _states(pod: dict[str, Any]) -> str:
    told = (f"{status['name']}: {status['state']}" for status in _container_statuses(pod))
    return "; ".join(told) or "its kubelet has said nothing of it"
