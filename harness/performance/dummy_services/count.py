"""The dummy Services of a case: bring their number to a value in every kernel, and remove them all at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from clusters.host.progress import Progress
from clusters.spec import Substrate
from harness.dataplane.reader import ServiceAddress
from harness.kube.nodes.etcd import Etcd
from harness.kube.objects.namespaces import own_namespace
from harness.performance.access import ClusterAccess
from harness.performance.dummy_services.objects import create_dummies, remove, wait_everywhere
from harness.performance.dummy_services.stored import remove_stored_dummies, store_dummies

PER_NAMESPACE = 1000
"""The number of dummy Services that share a namespace; progress is reported after each."""

CONVERGENCE_DEADLINE_S = 900.0
"""In ipvs mode kube-proxy starts a program for each ipset entry, of which a user-mode Linux runs some 80 per second."""


@dataclass(slots=True)
class DummyServices:
    """The dummy Services of a case, with their `service_addresses`.

    Each thousand has a namespace of its own, which is deleted when `ends` is closed. Separate namespaces save time: for
    every Service without a selector that is added or removed, the controller-manager reads all EndpointSlices of its
    namespace (`deleteMirroredSlices` in
    https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/endpointslicemirroring/endpointslicemirroring_controller.go).

    Each has so many `endpoints`. `created_s` is how long the creation of those took that were asked for last; None if
    none had to be created. With access to etcd, they can be written to it directly; without, the API server
    creates and deletes all of them.
    """

    access: ClusterAccess
    namespace: str
    progress: Progress
    ends: ExitStack
    endpoints: int = 1
    asked_for: bool = False
    created_s: float | None = None
    _namespaces: dict[int, str] = field(default_factory=dict)
    _made: dict[int, frozenset[ServiceAddress]] = field(default_factory=dict)

    @property
    def service_addresses(self) -> frozenset[ServiceAddress]:
        """Return the service addresses of the dummy Services that exist."""
        return frozenset().union(*self._made.values())

    def bring_to(self, services: int, *, at_once: bool = False) -> float:
        """Add or remove dummy Services, so that there are as many as `services`.

        Return the seconds until every kernel holds them and no others. A lower number must be a multiple of
        `PER_NAMESPACE`. Raises `DeadlinePassed`.

        `at_once` adds them as fast as possible: they are written to etcd, and kube-proxies are paused until all of them
        exist. Otherwise kube-proxies would sync every second and take CPU time from the creation of Services.
        """
        self.created_s = None
        if services == 0:
            return self.empty()
        existing = len(self.service_addresses)
        if services < existing:
            return self._reduce_to(services)
        self.asked_for = True
        nodes, etcd = self.access.kube.cluster.nodes, self.access.etcd if at_once else None
        with self.access.proxies.paused(*(() if etcd is None else nodes)):
            added = frozenset(self._added(range(existing, services), etcd))
        wanted = added or self.service_addresses
        return wait_everywhere(
            lambda: (self.access.dataplane.missing(node, wanted) for node in nodes),
            deadline_s=CONVERGENCE_DEADLINE_S,
        )

    def _added(self, numbers: range, etcd: Etcd | None) -> Iterator[ServiceAddress]:
        """Create dummy Services and yield their service addresses; report progress after each thousand."""
        if not numbers:
            return
        begin_s = time.monotonic()
        for thousand in range(numbers.start // PER_NAMESPACE, (numbers.stop - 1) // PER_NAMESPACE + 1):
            first = thousand * PER_NAMESPACE
            part = range(max(first, numbers.start), min(first + PER_NAMESPACE, numbers.stop))
            namespace, kube = self._namespace(thousand), self.access.kube
            made = (
                create_dummies(kube, namespace, part, self.endpoints)
                if etcd is None
                else store_dummies(kube, etcd, namespace, part, self.endpoints)
            )
            self._made[thousand] = self._made.get(thousand, frozenset()) | frozenset(made)
            yield from made
            done, left = part.stop - numbers.start, numbers.stop - part.stop
            per_s = done / (time.monotonic() - begin_s)
            self.progress.note(f"{part.stop} dummy Services created at {per_s:.0f}/s, {left / per_s:.0f} s left")
        self.created_s = time.monotonic() - begin_s

    def _reduce_to(self, services: int) -> float:
        """Remove the thousands beyond so many dummy Services; return the seconds until no kernel holds them."""
        kept, rest = divmod(services, PER_NAMESPACE)
        assert not rest, f"{services} dummy Services wanted, but their number is reduced by whole thousands only"
        self._remove([thousand for thousand in self._namespaces if thousand >= kept])
        beyond = [addresses for thousand, addresses in self._made.items() if thousand >= kept]
        removed: frozenset[ServiceAddress] = frozenset().union(*beyond)
        waited_s = wait_gone(self.access, removed)
        self._made = {thousand: addresses for thousand, addresses in self._made.items() if thousand < kept}
        left, access = self.service_addresses, self.access  # which a restarted user-mode Linux has to program again
        return waited_s + wait_everywhere(
            lambda: (access.dataplane.missing(node, left) for node in access.kube.cluster.nodes),
            deadline_s=CONVERGENCE_DEADLINE_S,
        )

    def _namespace(self, thousand: int) -> str:
        """Return the namespace of a thousand; create it if needed, with the labels of the case's namespace."""
        if thousand not in self._namespaces:
            labels = self.access.kube.get(f"/api/v1/namespaces/{self.namespace}")["metadata"]["labels"]
            metadata = {"name": f"{self.namespace}-{thousand}", "labels": labels}
            self._namespaces[thousand] = self.ends.enter_context(own_namespace(self.access.kube, metadata))
        return self._namespaces[thousand]

    def remove(self) -> None:
        """Delete all dummy Services, through etcd if possible, without waiting for the kernels."""
        self._remove(list(self._namespaces))

    def _remove(self, thousands: Sequence[int]) -> None:
        kube, etcd = self.access.kube, self.access.etcd
        with self.access.proxies.paused(*(() if etcd is None else kube.cluster.nodes)):
            for thousand in thousands:
                if etcd is None:
                    remove(kube, self._namespaces[thousand])
                else:
                    remove_stored_dummies(kube, etcd, self._namespaces[thousand])

    def empty(self) -> float:
        """Delete all dummy Services; return the seconds until no kernel holds any. Raises `DeadlinePassed`."""
        if not self.asked_for:
            return 0.0
        self.remove()
        deleted, self._made, self.asked_for = self.service_addresses, {}, False
        return wait_gone(self.access, deleted)


@contextmanager
def dummy_services(
    access: ClusterAccess, namespace: str, progress: Progress, endpoints: int = 1
) -> Iterator[DummyServices]:
    """Yield the dummy Services of a case, each with so many endpoints; none at first.

    At the end of the block, also if it raises, delete them and wait until no kernel holds any, for the next case.
    """
    with ExitStack() as ends:
        dummies = DummyServices(access, namespace, progress, ends, endpoints)
        with afterwards(dummies.empty):
            yield dummies


def wait_gone(access: ClusterAccess, service_addresses: frozenset[ServiceAddress]) -> float:
    """Wait until no kernel holds these addresses of deleted Services; return the seconds. Raises `DeadlinePassed`.

    A user-mode Linux takes as long to delete a thousand ipset entries as to add them (minutes on a small host), but
    only seconds to restart without them, so it is restarted.
    """
    if access.kube.cluster.substrate == Substrate.UML:
        access.proxies.restart()
    return wait_everywhere(
        lambda: (access.dataplane.left(node, service_addresses) for node in access.kube.cluster.nodes),
        deadline_s=CONVERGENCE_DEADLINE_S,
    )


@contextmanager
def afterwards(clean_up: Callable[[], object]) -> Iterator[None]:
    """Call `clean_up` at the end of the block, also if it raises.

    After a keyboard interrupt do nothing: the block's objects are deleted with their namespace.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        clean_up()
        raise
    clean_up()
