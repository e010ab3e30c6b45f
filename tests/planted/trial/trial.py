"""The trial of one fault: check health, plant the fault, run its cases, remove it, check health again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from clusters.errors import WorldError
from reports.model import CaseResult, Outcome
from reports.model.findings import PlantedFaultFinding
from tests.planted.fault import Fault, Site
from tests.planted.trial.cases import CaseRun
from tests.planted.trial.detection import Detection, finding_of, worst
from tests.planted.trial.expectation import REPOSITORY, Expectation
from tests.planted.trial.failure import Failure

RunCases = Callable[[tuple[str, ...]], CaseRun]
"""A function that runs these cases against the cluster in its present state."""


class FaultEnvironmentError(WorldError):
    """A fault was not observed in place, the cluster was unhealthy before or after it, or a case has no result."""


@dataclass(frozen=True, slots=True)
class CaseTrial:
    """The result of a case that must detect the fault; one of the assertions in `meant` must fail."""

    case: CaseResult
    meant: tuple[Expectation, ...]
    failures: tuple[Failure, ...]
    root: Path

    @property
    def detection(self) -> Detection:
        """Return whether the case detected the fault. An environment error does not count: it is not a failure."""
        if self.case.outcome is not Outcome.FAILED:
            return Detection.MISSED
        caught = any(expected.meets(failure, self.root) for expected in self.meant for failure in self.failures)
        return Detection.CAUGHT if caught else Detection.BY_ACCIDENT

    def __str__(self) -> str:
        """Return one line: the detection, and what failed in place of the assertion that was meant."""
        name = short_name(self.case.id)
        match self.detection:
            case Detection.CAUGHT:
                return f"{name}: caught: {first_line(self.case)}"
            case Detection.BY_ACCIDENT:
                failed = "; ".join(map(str, self.failures)) or first_line(self.case)
                return f"{name}: noticed by accident: {failed}; expected to fail: {self._meant_in_words}"
            case _:
                reason = f": {first_line(self.case)}" if self.case.reason else ""
                return f"{name}: not noticed: {self.case.outcome}{reason}; expected to fail: {self._meant_in_words}"

    @property
    def _meant_in_words(self) -> str:
        return " or ".join(map(str, self.meant))


@dataclass(frozen=True, slots=True)
class Trial:
    """The results of the cases that ran while the fault was in place."""

    fault: Fault
    case_trials: tuple[CaseTrial, ...]
    bystanders: tuple[CaseResult, ...]

    @property
    def detection(self) -> Detection:
        """Return the worst detection of all cases that must detect the fault."""
        return worst(found.detection for found in self.case_trials)

    @property
    def failed_bystanders(self) -> tuple[CaseResult, ...]:
        """Return the bystanders that did not pass."""
        return tuple(case for case in self.bystanders if case.outcome is not Outcome.PASSED)

    @property
    def caught(self) -> bool:
        return self.detection is Detection.CAUGHT and not self.failed_bystanders

    @property
    def finding(self) -> PlantedFaultFinding:
        """Return the trial as the report presents it."""
        detections = {found.case.id: str(found.detection) for found in self.case_trials}
        outcomes = {case.id: str(case.outcome) for case in self.bystanders}
        return finding_of(
            self.fault.name,
            self.detection,
            too_wide=bool(self.failed_bystanders),
            cases={**detections, **outcomes},
            details="; ".join((*map(str, self.case_trials), *self._failed_bystander_lines)),
        )

    @property
    def failure_message(self) -> str:
        """Return a message that says what is wrong."""
        uncaught = [str(found) for found in self.case_trials if found.detection is not Detection.CAUGHT]
        return f"{self.fault.name}: " + "; ".join((*uncaught, *self._failed_bystander_lines))

    @property
    def _failed_bystander_lines(self) -> tuple[str, ...]:
        return tuple(
            f"{short_name(case.id)}: expected to pass, {case.outcome}: {case.reason}" for case in self.failed_bystanders
        )


def try_fault(
    fault: Fault, site: Site, run: RunCases, wait_healthy: Callable[[Site], None], root: Path = REPOSITORY
) -> Trial:
    """Plant the fault, run its cases, and remove it; the cluster must be healthy before and after.

    Raises `NoSuchAssertion`, before anything is planted, if the source below `root` lacks an assertion that the fault
    expects to fail. Raises `FaultEnvironmentError`, and passes on what `run` raises.
    """
    for expected in fault.expect:
        expected.statement(root)
    wanted = (*fault.caught_by, *fault.bystanders)
    with raising_environment_errors(fault.name):
        wait_healthy(site)
        with fault.plant(site):
            ran = run(wanted)
        wait_healthy(site)
    cases = {case.id: case for case in ran.results.cases}
    if missing := [name for name in wanted if name not in cases]:
        raise FaultEnvironmentError(f"{fault.name}: the run of the cases has no result for {', '.join(missing)}")
    case_trials = tuple(
        CaseTrial(cases[name], fault.expected_of(name), ran.failures.get(name, ()), root) for name in fault.caught_by
    )
    return Trial(fault, case_trials, tuple(cases[name] for name in fault.bystanders))


@contextmanager
def raising_environment_errors(what: str) -> Iterator[None]:
    """Raise `FaultEnvironmentError` for a failed assertion, wait or API request in the block.

    Such an error concerns our own work on the cluster, because the cases run in another process.
    """
    try:
        yield
    except (AssertionError, ApiException) as error:
        raise FaultEnvironmentError(f"{what}: {error}") from error


def short_name(case: str) -> str:
    """Return the function's name of a pytest id."""
    return case.rpartition("::")[2]


def first_line(case: CaseResult) -> str:
    """Return the first line of the reason, or the outcome of a case without a reason."""
    return case.reason.partition("\n")[0] or str(case.outcome)
