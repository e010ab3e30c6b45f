"""A recorder of the changes that the API server reports while a block lasts, in their order.

    with WatchRecorder(kube, namespace, "pods", "replicasets") as recorder:
        ...
    recorder.events("pods")

Each watch lasts one second and resumes where the one before ended, so no change between two watches is missed. When
the block has ended, every change made within it has been recorded. Some watches last longer, see `BOOKMARK_INTERVAL_S`.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kubernetes.client.exceptions import ApiException

from clusters.errors import WorldError
from clusters.host.clock import Clock, SystemClock
from harness.kube.client import Kube

SPAN_S = 1

BOOKMARK_INTERVAL_S, BOOKMARKED_SPAN_S = 20.0, 3
"""Every `BOOKMARK_INTERVAL_S`, one watch lasts `BOOKMARKED_SPAN_S`, in order to receive a bookmark.

An API server sends a bookmark two seconds before the end of a watch. It drops changes from its watch cache after 75 s
when others follow, in any namespace. If a watch saw no event for that long, it cannot resume from its last event, but
it can resume from a bookmark.
https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go
"""

COLLECTIONS = {
    "deployments": "/apis/apps/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
    "events": "/api/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v2",
    "jobs": "/apis/batch/v1",
    "pods": "/api/v1",
    "replicasets": "/apis/apps/v1",
    "services": "/api/v1",
}
"""The kinds that can be recorded, each with the path of its API."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change: `type` is ADDED, MODIFIED or DELETED, `object` the object after the change.

    `at_s` is the time at which the harness received it, on its own monotonic clock.
    """

    at_s: float
    kind: str
    type: str
    name: str
    object: dict[str, Any]


class WatchRecorder:
    """A recorder of changes to some kinds of objects in one namespace, with one thread per kind."""

    def __init__(self, kube: Kube, namespace: str, *kinds: str, clock: Clock | None = None) -> None:
        self._kube = kube
        self._paths = {kind: f"{COLLECTIONS[kind]}/namespaces/{namespace}/{kind}" for kind in kinds}
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._events: list[WatchEvent] = []
        self._initial: dict[str, dict[str, dict[str, Any]]] = {}
        self._failure: Exception | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Start recording. Objects that exist already are not reported as events."""
        for kind, path in self._paths.items():
            found = self._kube.get(path)
            self._initial[kind] = {item["metadata"]["name"]: item for item in found["items"]}
            version = str(found["metadata"]["resourceVersion"])
            thread = threading.Thread(target=self._follow, args=(kind, path, version), name=f"watch {kind}")
            thread.daemon = True
            self._threads.append(thread)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def events(self, kind: str | None = None) -> tuple[WatchEvent, ...]:
        """Return the events recorded so far, of one kind or of all, in the order of arrival.

        Raises `WorldError` if a watch has failed, because a missing event then proves nothing.
        """
        with self._lock:
            if self._failure is not None:
                kinds, cluster = ", ".join(self._paths), self._kube.cluster.name
                raise WorldError(f"the record of {kinds} of cluster {cluster} has a gap: {self._failure}")
            return tuple(event for event in self._events if kind in (None, event.kind))

    def states(self, kind: str) -> Iterator[dict[str, dict[str, Any]]]:
        """Yield all objects of a kind by name: those at the beginning, then those after each event so far."""
        objects = dict(self._initial[kind])
        yield dict(objects)
        for event in self.events(kind):
            if event.type == "DELETED":
                objects.pop(event.name, None)
            else:
                objects[event.name] = event.object
            yield dict(objects)

    def _follow(self, kind: str, path: str, version: str) -> None:
        last, last_bookmark_s = False, self._clock.monotonic()
        try:
            while not last:
                last = self._stopping.is_set()
                bookmarked = not last and self._clock.monotonic() - last_bookmark_s >= BOOKMARK_INTERVAL_S
                version = self._watch_once(kind, path, version, BOOKMARKED_SPAN_S if bookmarked else SPAN_S)
                if bookmarked:
                    last_bookmark_s = self._clock.monotonic()
        except (WorldError, ApiException) as failure:
            with self._lock:
                self._failure = failure

    def _watch_once(self, kind: str, path: str, version: str, span_s: int) -> str:
        """Record the events of one watch. Return the resource version up to which all changes have been recorded.

        Raises `WorldError` for a message that is no event, `ApiException`.
        """
        query = f"watch=true&allowWatchBookmarks=true&timeoutSeconds={span_s}&resourceVersion={version}"
        for message in self._kube.stream(f"{path}?{query}"):
            match message:
                case {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(reached)}}}:
                    version = reached
                case {
                    "type": "ADDED" | "MODIFIED" | "DELETED" as change,
                    "object": {"metadata": {"name": str(name), "resourceVersion": str(reached)}} as found,
                }:
                    version = reached
                    with self._lock:
                        self._events.append(WatchEvent(self._clock.monotonic(), kind, change, name, found))
                case {"type": "ERROR", "object": {"message": str(reason)}}:
                    raise WorldError(f"watching {path} of cluster {self._kube.cluster.name}: {reason}")
                case _:
                    raise WorldError(
                        f"watching {path} of cluster {self._kube.cluster.name}: no watch event: {str(message)[:200]}"
                    )
        return version
