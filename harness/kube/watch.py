"""What happened, in order: a recorder of the changes that the API server tells of while a block lasts.

    with WatchRecorder(kube, namespace, "pods", "replicasets") as recorder:
        ...
    recorder.events("pods")

A watch lasts a second and goes on from where the last one ended, so nothing is missed between them, and
what happened before the block ended has arrived once it has. Now and then one lasts longer, see `FRESH_S`.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kubernetes.client.exceptions import ApiException

from clusters.clock import Clock, SystemClock
from clusters.errors import WorldError
from harness.kube.client import Kube

SPAN_S = 1

FRESH_S, BOOKMARKED_SPAN_S = 20.0, 3
"""How often a watch lasts long enough for a bookmark, which is sent two seconds before its end.

An API server forgets changes after 75 s when others follow, in whatever namespace: where nothing happens for so long,
a watch can go on from its last event no more, but from a bookmark.
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
"""What can be recorded, and the API it belongs to."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change: `type` is ADDED, MODIFIED or DELETED, `object` what it left.

    `at_s` is our monotonic clock when it arrived here.
    """

    at_s: float
    kind: str
    type: str
    name: str
    object: dict[str, Any]


class WatchRecorder:
    """Records changes of some collections in one namespace, each in a thread of its own."""

    def __init__(self, kube: Kube, namespace: str, *kinds: str, clock: Clock | None = None) -> None:
        self._kube = kube
        self._paths = {kind: f"{COLLECTIONS[kind]}/namespaces/{namespace}/{kind}" for kind in kinds}
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._events: list[WatchEvent] = []
        self._at_first: dict[str, dict[str, dict[str, Any]]] = {}
        self._failure: Exception | None = None
        self._enough = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Record what happens from now on; what is there already is no event."""
        for kind, path in self._paths.items():
            found = self._kube.get(path)
            self._at_first[kind] = {item["metadata"]["name"]: item for item in found["items"]}
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
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def events(self, kind: str | None = None) -> tuple[WatchEvent, ...]:
        """What was recorded so far, in the order of arrival; of one kind, or of all.

        Raises `WorldError` if a watch has failed: what it missed cannot be told from what did not happen.
        """
        with self._lock:
            if self._failure is not None:
                raise WorldError(f"the record of {', '.join(self._paths)} has a gap: {self._failure}")
            return tuple(event for event in self._events if kind in (None, event.kind))

    def states(self, kind: str) -> Iterator[dict[str, dict[str, Any]]]:
        """All objects of a kind by name: as they stood at the beginning, then after each event so far."""
        standing = dict(self._at_first[kind])
        yield dict(standing)
        for event in self.events(kind):
            if event.type == "DELETED":
                standing.pop(event.name, None)
            else:
                standing[event.name] = event.object
            yield dict(standing)

    def _follow(self, kind: str, path: str, version: str) -> None:
        last, fresh_s = False, self._clock.monotonic()
        try:
            while not last:
                last = self._enough.is_set()
                bookmarked = not last and self._clock.monotonic() - fresh_s >= FRESH_S
                version = self._watch_once(kind, path, version, BOOKMARKED_SPAN_S if bookmarked else SPAN_S)
                if bookmarked:
                    fresh_s = self._clock.monotonic()
        except (WorldError, ApiException) as failure:
            with self._lock:
                self._failure = failure

    def _watch_once(self, kind: str, path: str, version: str, span_s: int) -> str:
        """Record one span; the version up to which everything has been seen."""
        query = f"watch=true&allowWatchBookmarks=true&timeoutSeconds={span_s}&resourceVersion={version}"
        for told in self._kube.stream(f"{path}?{query}"):
            found = told["object"]
            if told["type"] == "ERROR":
                raise WorldError(f"watching {path} of cluster {self._kube.cluster.name}: {found.get('message')}")
            version = str(found["metadata"]["resourceVersion"])
            if told["type"] != "BOOKMARK":
                event = WatchEvent(self._clock.monotonic(), kind, told["type"], found["metadata"]["name"], found)
                with self._lock:
                    self._events.append(event)
        return version
