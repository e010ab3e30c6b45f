"""One fault on trial: healthy, planted and seen, cases, taken away, healthy again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kubernetes.client.exceptions import ApiException

from clusters.errors import WorldError
from reports.model import PLANTED, CaseResult, Finding, Outcome, RunResults
from tests.planted.fault import Fault, Site

RunCases = Callable[[tuple[str, ...]], RunResults]
"""Runs these cases against the cluster as it is now."""


class FaultTroubled(WorldError):
    """A fault was not seen in place, or the cluster was not healthy before or after it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the cases said while the fault was in place."""

    fault: Fault
    cases: dict[str, CaseResult]

    @property
    def silent(self) -> tuple[CaseResult, ...]:
        """Cases that had to fail and did not. An environment error is no catch: it blames the world."""
        return tuple(
            found for name in self.fault.caught_by if (found := self.cases[name]).outcome is not Outcome.FAILED
        )

    @property
    def harmed(self) -> tuple[CaseResult, ...]:
        """Cases that had to pass and did not."""
        return tuple(
            found for name in self.fault.bystanders if (found := self.cases[name]).outcome is not Outcome.PASSED
        )

    @property
    def caught(self) -> bool:
        return not self.silent and not self.harmed

    @property
    def finding(self) -> Finding:
        """The trial as the report tells it."""
        told = [f"{short_name(name)}: {first_line(self.cases[name])}" for name in self.fault.caught_by]
        return Finding(
            kind=PLANTED,
            statement=f"{'Caught' if self.caught else 'Not caught'}: {self.fault.name}.",
            numbers={"caught": int(self.caught), "cases": {name: str(self.cases[name].outcome) for name in self.cases}},
            confidence="; ".join(told),
        )

    @property
    def complaint(self) -> str:
        """What is wrong with it, in words."""
        parts = [f"{short_name(case.id)} had to fail and {case.outcome}: {case.reason}" for case in self.silent]
        parts += [f"{short_name(case.id)} had to pass and {case.outcome}: {case.reason}" for case in self.harmed]
        return f"{self.fault.name}: " + "; ".join(parts)


def try_fault(fault: Fault, site: Site, run: RunCases, wait_healthy: Callable[[Site], None]) -> Trial:
    """Plant the fault, run its cases, take it away. Raises `FaultTroubled`, or what kept the cases from running."""
    wanted = (*fault.caught_by, *fault.bystanders)
    with blaming_the_world(fault.name):
        wait_healthy(site)
        with fault.plant(site):
            results = run(wanted)
        wait_healthy(site)
    cases = {case.id: case for case in results.cases}
    if unheard := [name for name in wanted if name not in cases]:
        raise FaultTroubled(f"{fault.name}: the cases' run says nothing of {', '.join(unheard)}")
    return Trial(fault, {name: cases[name] for name in wanted})


@contextmanager
def blaming_the_world(what: str) -> Iterator[None]:
    """What fails here is our work on the cluster: the cases on trial run in another process."""
    try:
        yield
    except (AssertionError, ApiException) as trouble:
        raise FaultTroubled(f"{what}: {trouble}") from trouble


def short_name(case: str) -> str:
    return case.rpartition("::")[2]


def first_line(case: CaseResult) -> str:
    return case.reason.partition("\n")[0] or str(case.outcome)
