"""Measure how long many changes at once take: a thousand new Services, or a cold start of kube-proxy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from clusters.errors import WorldError
from harness.dataplane.reader import ServiceAddress
from harness.kube.client import Kube
from harness.load.plan import Target
from harness.performance.access import ClusterAccess
from harness.performance.dummy_services.count import afterwards, wait_gone
from harness.performance.programming.changes import Change, Subject, make, service_of
from harness.performance.programming.probes import Probe, Probers, Want
from reports.model.findings import MassProgrammingFinding, NodeArrivals

WRITERS = 8
EVERY_S = 0.005
LIMIT_S = 600.0
MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the addresses of the watched Services became reachable from each node.

    `after_s` holds for each node the seconds until each address was reachable, None for one that never was. `done_s` is
    how long the call that made the change took. For addresses that were reachable before and become so again, `away_s`
    holds for each node the seconds for which each was unreachable.
    """

    after_s: dict[str, tuple[float | None, ...]]
    done_s: float
    away_s: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        return sum(after_s.count(None) for after_s in self.after_s.values())

    def finding(self, change: str, mode: str) -> MassProgrammingFinding:
        """Return the arrivals on each node as a finding of the report; `change` names the change."""
        return MassProgrammingFinding(
            mode=mode,
            change=change,
            tried_every_ms=EVERY_S * MS_PER_S,
            done_s=self.done_s,
            nodes=tuple(
                NodeArrivals(node=node, after_s=after_s, away_s=self.away_s.get(node, ()))
                for node, after_s in self.after_s.items()
            ),
        )


def arrivals(
    probers: Probers,
    watched: Sequence[Subject],
    liveness_target: Target,
    begin: Callable[[], None],
    *,
    want: Want = Want.REACHABLE,
    lead_s: float = 3.0,
) -> Arrivals:
    """Watch these Services while `begin` makes the change; return when they became reachable, counted from its call.

    `want` says whether they become reachable or reachable again. The liveness target must stay reachable during the
    change. Probers have `lead_s` seconds to start. Raises `WorldError` if an address was in the wanted state before the
    change.
    """
    begin_s = time.time() + lead_s
    probes = [Probe(subject.target, begin_s, want) for subject in watched]
    with probers.watching(probes, liveness_target, every_s=EVERY_S, limit_s=LIMIT_S) as watching:
        time.sleep(max(0.0, begin_s - time.time()))  # until the probers have started
        called_s = time.time()
        begin()
        done_s = time.time() - called_s
        by_node = {node: future.result() for node, future in watching.items()}
    early = [node for node, seen in by_node.items() for one in seen if one.changed_s and one.changed_s < called_s]
    if early:
        raise WorldError(f"from node {early[0]}, an address was {want} before the change was made")
    return Arrivals(
        {
            node: tuple(None if one.changed_s is None else one.changed_s - called_s for one in seen)
            for node, seen in by_node.items()
        },
        done_s,
        {
            node: tuple(one.changed_s - one.gone_s for one in seen if one.changed_s and one.gone_s)
            for node, seen in by_node.items()
        },
    )


def create_all(kube: Kube, namespace: str, everything: Sequence[Subject]) -> None:
    """Create all Services as fast as the API server accepts them."""
    with ThreadPoolExecutor(WRITERS) as writers:
        # Iterating over the results raises a writer's exception here.
        for _ in writers.map(lambda subject: make(kube, namespace, subject, Change.ADD_SERVICE), everything):
            pass


@contextmanager
def deleted_afterwards(access: ClusterAccess, namespace: str, everything: Sequence[Subject]) -> Iterator[None]:
    """Delete these Services at the end of the block and wait until no kernel holds them, for the next case."""

    def clean_up() -> None:
        with ThreadPoolExecutor(WRITERS) as writers:
            # Iterating over the results raises a writer's exception here.
            for _ in writers.map(lambda subject: access.kube.delete(namespace, service_of(subject)), everything):
                pass
        service_addresses = frozenset(
            ServiceAddress(subject.target.address, subject.target.port) for subject in everything
        )
        wait_gone(access, service_addresses)

    with afterwards(clean_up):
        yield


def evenly_spaced(everything: Sequence[Subject], count: int) -> tuple[Subject, ...]:
    """Return `count` of these Services, evenly spaced and including the last one."""
    spacing = len(everything) / count
    return tuple(everything[round((number + 1) * spacing) - 1] for number in range(count))
