"""A fault that is tried in a sweep: it must invalidate its own step, with the right reason, and no other step."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.performance.sweep.step import Step
from reports.model.findings import PlantedFaultFinding
from tests.planted.trial.detection import Detection, finding_of
from tests.planted.trial.expectation import Statement, find_statement


@dataclass(frozen=True, slots=True)
class StepReason:
    """The reason for which a sweep invalidates a step, named by a piece of its text in the source of `place`."""

    piece: str
    place: str

    @property
    def statement(self) -> Statement:
        """Find the statement in the source that contains the reason. Raises `NoSuchAssertion`."""
        return find_statement(self.place, self.piece)


LOST_WORKER = StepReason("the generator lost", "harness/performance/sweep/measuring.py::measure")
REFUSED_SERVICES = StepReason("the API server refused Services:", "harness/performance/sweep/run.py::_bring_to")
FULL_TABLE = StepReason("was full, with", "harness/performance/sweep/run.py::_full_tables")
REASONS = (LOST_WORKER, REFUSED_SERVICES, FULL_TABLE)


@dataclass(frozen=True, slots=True)
class SweepTrial:
    """The steps of a sweep in which a fault was in place during step number `faulty`.

    `expected` is a regular expression that an invalid reason of this step must match from its beginning.
    """

    fault: str
    expected: str
    steps: tuple[Step, ...]
    faulty: int

    @property
    def detection(self) -> Detection:
        """Return whether the faulty step is invalid for the expected reason. Only other reasons count as by accident."""
        reasons = self.steps[self.faulty].invalid_reasons
        if not reasons:
            return Detection.MISSED
        expected = any(re.match(self.expected, reason) for reason in reasons)
        return Detection.CAUGHT if expected else Detection.BY_ACCIDENT

    @property
    def wrong_steps(self) -> tuple[str, ...]:
        """Describe the steps that are not as they should be.

        These are steps without measurements, invalid steps other than the faulty one, the faulty step if its
        measurements are used in conclusions, and other steps whose measurements are not.
        """
        return tuple(
            f"step {number} with {step.services} Services"
            for number, step in enumerate(self.steps)
            if not step.measurements
            or (bool(step.invalid_reasons) and number != self.faulty)
            or any(found.concludes == (number == self.faulty) for found in step.measurements)
        )

    @property
    def caught(self) -> bool:
        return self.detection is Detection.CAUGHT and not self.wrong_steps

    @property
    def finding(self) -> PlantedFaultFinding:
        """Return the trial as the report presents it."""
        cases = {f"step {number}": step.invalid_reason or "valid" for number, step in enumerate(self.steps)}
        return finding_of(
            self.fault, self.detection, too_wide=bool(self.wrong_steps), cases=cases, details=self._description
        )

    @property
    def failure_message(self) -> str:
        """Return a message that says what is wrong."""
        return f"{self.fault}: {self._description}"

    @property
    def _description(self) -> str:
        reason = self.steps[self.faulty].invalid_reason or "none"
        expected = "" if self.detection is Detection.CAUGHT else f", expected a match of {self.expected!r}"
        wrong = f"; steps that are not as they should be: {', '.join(self.wrong_steps)}" if self.wrong_steps else ""
        return f"{self.detection}: invalid reason of step {self.faulty}: {reason}{expected}{wrong}"
