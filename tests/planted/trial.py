"""One fault on trial: healthy, planted and seen, cases, taken away, healthy again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from clusters.errors import WorldError
from reports.model import CaseResult, Finding, Outcome
from tests.planted.cases import CaseRun
from tests.planted.detection import Detection, finding_of, worst
from tests.planted.expectation import REPOSITORY, Expectation
from tests.planted.failure import Failure
from tests.planted.fault import Fault, Site

RunCases = Callable[[tuple[str, ...]], CaseRun]
"""Runs these cases against the cluster as it is now."""


class FaultTroubled(WorldError):
    """A fault was not seen in place, or the cluster was not healthy before or after it."""


@dataclass(frozen=True, slots=True)
class CaseTrial:
    """What a case that has to notice the fault did: `meant` are the assertions of which one has to fail."""

    case: CaseResult
    meant: tuple[Expectation, ...]
    failures: tuple[Failure, ...]
    root: Path

    @property
    def detection(self) -> Detection:
        """An environment error notices nothing: it blames the world."""
        if self.case.outcome is not Outcome.FAILED:
            return Detection.MISSED
        caught = any(expected.meets(failure, self.root) for expected in self.meant for failure in self.failures)
        return Detection.CAUGHT if caught else Detection.BY_ACCIDENT

    def __str__(self) -> str:
        """In one line: the detection, and what failed instead of what was meant."""
        name = short_name(self.case.id)
        match self.detection:
            case Detection.CAUGHT:
                return f"{name}: caught: {first_line(self.case)}"
            case Detection.BY_ACCIDENT:
                failed = "; ".join(map(str, self.failures)) or first_line(self.case)
                return f"{name}: noticed by accident: {failed}; expected to fail was {self._meant_in_words}"
            case _:
                reason = f": {first_line(self.case)}" if self.case.reason else ""
                return f"{name}: not noticed: {self.case.outcome}{reason}; expected to fail was {self._meant_in_words}"

    @property
    def _meant_in_words(self) -> str:
        return " or ".join(map(str, self.meant))


@dataclass(frozen=True, slots=True)
class Trial:
    """What the cases did while the fault was in place."""

    fault: Fault
    noticing: tuple[CaseTrial, ...]
    bystanders: tuple[CaseResult, ...]

    @property
    def detection(self) -> Detection:
        """The worst of all cases that have to notice the fault."""
        return worst(found.detection for found in self.noticing)

    @property
    def harmed(self) -> tuple[CaseResult, ...]:
        """Cases that had to pass and did not."""
        return tuple(case for case in self.bystanders if case.outcome is not Outcome.PASSED)

    @property
    def caught(self) -> bool:
        return self.detection is Detection.CAUGHT and not self.harmed

    @property
    def finding(self) -> Finding:
        """The trial as the report presents it."""
        detections = {found.case.id: str(found.detection) for found in self.noticing}
        outcomes = {case.id: str(case.outcome) for case in self.bystanders}
        return finding_of(
            self.fault.name,
            self.detection,
            too_wide=bool(self.harmed),
            cases={**detections, **outcomes},
            confidence="; ".join((*map(str, self.noticing), *self._harm)),
        )

    @property
    def complaint(self) -> str:
        """What is wrong with it, in words."""
        uncaught = [str(found) for found in self.noticing if found.detection is not Detection.CAUGHT]
        return f"{self.fault.name}: " + "; ".join((*uncaught, *self._harm))

    @property
    def _harm(self) -> tuple[str, ...]:
        return tuple(f"{short_name(case.id)} had to pass and {case.outcome}: {case.reason}" for case in self.harmed)


def try_fault(
    fault: Fault, site: Site, run: RunCases, wait_healthy: Callable[[Site], None], root: Path = REPOSITORY
) -> Trial:
    """Plant the fault, run its cases, take it away.

    Raises `NoSuchAssertion` before anything is planted if the source below `root` lacks an assertion that the fault
    expects to fail, `FaultTroubled`, or what kept the cases from running.
    """
    for expected in fault.expect:
        expected.statement(root)
    wanted = (*fault.caught_by, *fault.bystanders)
    with blaming_the_world(fault.name):
        wait_healthy(site)
        with fault.plant(site):
            ran = run(wanted)
        wait_healthy(site)
    cases = {case.id: case for case in ran.results.cases}
    if unheard := [name for name in wanted if name not in cases]:
        raise FaultTroubled(f"{fault.name}: the cases' run says nothing of {', '.join(unheard)}")
    noticing = tuple(
        CaseTrial(cases[name], fault.expected_of(name), ran.failures.get(name, ()), root) for name in fault.caught_by
    )
    return Trial(fault, noticing, tuple(cases[name] for name in fault.bystanders))


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
