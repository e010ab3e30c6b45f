"""Many Services at once, and a kube-proxy that begins with nothing: when do connections see the last of it?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from clusters.errors import WorldError
from harness.dataplane.proxies import Proxies
from harness.dataplane.reader import DataPlane, ServiceAddress
from harness.kube.client import Kube
from harness.load.plan import Target
from harness.performance.dummy_services.count import afterwards, wait_gone
from harness.performance.programming.changes import Change, Subject, make, service_of
from harness.performance.programming.probes import Probe, Probers, Want
from reports.model import Finding

WRITERS = 8
EVERY_S = 0.005
LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Of all that were watched: by node, the seconds until each was reachable, None for one that never was.

    `done_s` is when what was called had done its part. Of those that were reachable before and shall be again,
    `away_s` are the seconds for which each was not.
    """

    after_s: dict[str, tuple[float | None, ...]]
    done_s: float
    away_s: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        return sum(told.count(None) for told in self.after_s.values())

    @property
    def last_s(self) -> dict[str, float | None]:
        """By node, when the last was reachable; None where none was."""
        return {
            node: max((after_s for after_s in told if after_s is not None), default=None)
            for node, told in self.after_s.items()
        }

    def finding(self, what: str, conditions: str) -> Finding:
        """The last arrival on each node, as a record of the report."""
        told = ", ".join(
            f"on {node} never" if last_s is None else f"on {node} after {last_s:.2f} s"
            for node, last_s in self.last_s.items()
        )
        away = ", ".join(f"{max(away_s):.2f} s on {node}" for node, away_s in self.away_s.items() if away_s)
        numbers = {f"last_s on {node}": round(last_s, 3) for node, last_s in self.last_s.items() if last_s is not None}
        numbers |= {f"away_s on {node}": round(max(away_s), 3) for node, away_s in self.away_s.items() if away_s}
        watched = max(len(after_s) for after_s in self.after_s.values())
        statement = (
            f"{what} ({conditions}), done after {self.done_s:.2f} s: the last of {watched} watched was reachable "
            f"{'again ' if away else ''}{told}"
        )
        statement += f", and one was not for {away}" if away else ""
        statement += f"; {self.lost} never were." if self.lost else "."
        how = f"a try from each node every {EVERY_S * 1000:g} ms; once"
        return Finding("programming", statement, {**numbers, "done_s": round(self.done_s, 3), "lost": self.lost}, how)


def arrivals(
    probers: Probers,
    watched: Sequence[Subject],
    witness: Target,
    begin: Callable[[], None],
    *,
    want: Want = Want.REACHABLE,
    lead_s: float = 3.0,
) -> Arrivals:
    """Watch these while `begin` does what shall make them reachable, or so again; seconds are counted from its call.

    The witness stays reachable whatever `begin` does. Probers get `lead_s` to start. Raises `WorldError` if one was
    reachable before.
    """
    begin_s = time.time() + lead_s
    probes = [Probe(subject.target, begin_s, want) for subject in watched]
    with probers.watching(probes, witness, every_s=EVERY_S, limit_s=LIMIT_S) as watching:
        time.sleep(max(0.0, begin_s - time.time()))  # until probers are there
        called_s = time.time()
        begin()
        done_s = time.time() - called_s
        seen = {node: told.result() for node, told in watching.items()}
    early = [node for node, told in seen.items() for one in told if one.changed_s and one.changed_s < called_s]
    if early:
        raise WorldError(f"from {early[0]} an address was reachable before anything had made it so")
    return Arrivals(
        {
            node: tuple(None if one.changed_s is None else one.changed_s - called_s for one in told)
            for node, told in seen.items()
        },
        done_s,
        {
            node: tuple(one.changed_s - one.gone_s for one in told if one.changed_s and one.gone_s)
            for node, told in seen.items()
        },
    )


def create_all(kube: Kube, namespace: str, everything: Sequence[Subject]) -> None:
    """All Services as fast as the API server takes them."""
    with ThreadPoolExecutor(WRITERS) as writers:
        # Taken one by one, so that what a writer met is raised here.
        for _ in writers.map(lambda subject: make(kube, namespace, subject, Change.ADD_SERVICE), everything):
            pass


@contextmanager
def taken_away(
    kube: Kube, dataplane: DataPlane, proxies: Proxies, namespace: str, everything: Sequence[Subject]
) -> Iterator[None]:
    """At the block's end no kernel holds any of these Services any more, for the case that comes next."""

    def take_away() -> None:
        with ThreadPoolExecutor(WRITERS) as writers:
            # Taken one by one, so that what a writer met is raised here.
            for _ in writers.map(lambda subject: kube.delete(namespace, service_of(subject)), everything):
                pass
        service_addresses = frozenset(
            ServiceAddress(subject.target.address, subject.target.port) for subject in everything
        )
        wait_gone(kube, dataplane, proxies, service_addresses)

    with afterwards(take_away):
        yield


def sample_of(everything: Sequence[Subject], count: int) -> tuple[Subject, ...]:
    """So many, evenly spread, the last among them."""
    apart = len(everything) / count
    return tuple(everything[round((number + 1) * apart) - 1] for number in range(count))
