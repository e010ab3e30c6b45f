"""A case's filler Services, brought to a number in every kernel, and out of every kernel at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from clusters.progress import Progress
from clusters.spec import Substrate
from harness.dataplane.proxies import Proxies
from harness.dataplane.reader import DataPlane, ServiceAddress
from harness.kube.client import Kube
from harness.kube.nodes.etcd import Etcd
from harness.kube.objects.namespaces import own_namespace
from harness.performance.dummy_services.objects import create_dummies, remove, wait_everywhere
from harness.performance.dummy_services.stored import remove_stored_dummies, store_dummies

PER_NAMESPACE = 1000
"""Fillers that share a namespace, and are told of together."""

CONVERGENCE_DEADLINE_S = 900.0
"""In ipvs mode kube-proxy starts a program for each entry of an ipset, which takes a user-mode Linux about 0.2 s."""


@dataclass(slots=True)
class DummyServices:
    """A case's fillers. `held` are the fronts that every kernel was seen to hold.

    Each thousand has a namespace of its own, which ends with `ends`. For every Service without a selector that comes or
    goes, the controller-manager looks through all EndpointSlices of its namespace (`deleteMirroredSlices` in
    https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/endpointslicemirroring/endpointslicemirroring_controller.go).

    Without an `etcd` that may be written to, the API server makes and removes all of them.
    """

    kube: Kube
    etcd: Etcd | None
    dataplane: DataPlane
    proxies: Proxies
    namespace: str
    progress: Progress
    ends: ExitStack
    held: frozenset[ServiceAddress] = frozenset()
    asked_for: bool = False
    _namespaces: dict[int, str] = field(default_factory=dict)

    def bring_to(self, services: int, *, at_once: bool = False) -> float:
        """Add fillers up to `services`, or remove all of them; seconds until every kernel holds them, or none.

        Fewer but some is never asked for. `at_once`: as fast as can be. They are written into etcd, and kube-proxies
        stand still until all are there, and then take them in together; of their own they would begin anew every
        second, and take the processors from what makes the Services.
        """
        if services == 0:
            return self.empty()
        assert services >= len(self.held), f"{services} fillers, and there are {len(self.held)}"
        self.asked_for = True
        etcd = self.etcd if at_once else None
        with self.proxies.paused(*(() if etcd is None else self.kube.cluster.nodes)):
            added = frozenset(self._added(range(len(self.held), services), etcd))
        self.held |= added
        return wait_everywhere(
            lambda: (self.dataplane.missing(node, added) for node in self.kube.cluster.nodes),
            deadline_s=CONVERGENCE_DEADLINE_S,
        )

    def _added(self, numbers: range, etcd: Etcd | None) -> Iterator[ServiceAddress]:
        """The fronts of new fillers; thousands are told of as they come."""
        begin_s = time.monotonic()
        for thousand in range(numbers.start // PER_NAMESPACE, (numbers.stop - 1) // PER_NAMESPACE + 1):
            first = thousand * PER_NAMESPACE
            part = range(max(first, numbers.start), min(first + PER_NAMESPACE, numbers.stop))
            namespace = self._namespace(thousand)
            if etcd is None:
                yield from create_dummies(self.kube, namespace, part)
            else:
                yield from store_dummies(self.kube, etcd, namespace, part)
            done, left = part.stop - numbers.start, numbers.stop - part.stop
            per_s = done / (time.monotonic() - begin_s)
            self.progress.note(f"{part.stop} fillers made at {per_s:.0f}/s, {left / per_s:.0f} s left")

    def _namespace(self, thousand: int) -> str:
        """That of one thousand, with the labels of the case's own."""
        if thousand not in self._namespaces:
            labels = self.kube.get(f"/api/v1/namespaces/{self.namespace}")["metadata"]["labels"]
            metadata = {"name": f"{self.namespace}-{thousand}", "labels": labels}
            self._namespaces[thousand] = self.ends.enter_context(own_namespace(self.kube, metadata))
        return self._namespaces[thousand]

    def remove(self) -> None:
        """Delete all of them, at once where we may; kernels follow in their own time."""
        with self.proxies.paused(*(() if self.etcd is None else self.kube.cluster.nodes)):
            for namespace in self._namespaces.values():
                if self.etcd is None:
                    remove(self.kube, namespace)
                else:
                    remove_stored_dummies(self.kube, self.etcd, namespace)

    def empty(self) -> float:
        """Delete all of them; seconds until no kernel holds any."""
        if not self.asked_for:
            return 0.0
        self.remove()
        held, self.held, self.asked_for = self.held, frozenset(), False
        return wait_gone(self.kube, self.dataplane, self.proxies, held)


@contextmanager
def dummy_services(
    kube: Kube,
    etcd: Etcd | None,
    dataplane: DataPlane,
    proxies: Proxies,
    namespace: str,
    progress: Progress,
) -> Iterator[DummyServices]:
    """At the block's end no kernel holds a filler any more, for the case that comes next; whatever happened."""
    with ExitStack() as ends:
        dummies = DummyServices(kube, etcd, dataplane, proxies, namespace, progress, ends)
        with afterwards(dummies.empty):
            yield dummies


def wait_gone(
    kube: Kube, dataplane: DataPlane, proxies: Proxies, service_addresses: frozenset[ServiceAddress]
) -> float:
    """Seconds until no kernel holds any of these, whose Services were deleted.

    A user-mode Linux takes as long to let a thousand entries of an ipset go as to take them in, minutes on a small
    host, and seconds to begin anew without them.
    """
    if kube.cluster.substrate == Substrate.UML:
        proxies.restart()
    return wait_everywhere(
        lambda: (dataplane.left(node, service_addresses) for node in kube.cluster.nodes),
        deadline_s=CONVERGENCE_DEADLINE_S,
    )


@contextmanager
def afterwards(take_away: Callable[[], object]) -> Iterator[None]:
    """Take away what the block has made, whatever happened in it; but after an interruption it goes with its
    namespace."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        take_away()
        raise
    take_away()
