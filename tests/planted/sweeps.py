"""A fault on trial in a sweep: the step that it spoils has to give it as its reason, and the others stay valid."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.performance.sweep.step import Step
from reports.model import Finding
from tests.planted.detection import Detection, finding_of
from tests.planted.expectation import Statement, find_statement


@dataclass(frozen=True, slots=True)
class StepReason:
    """The reason that a sweep gives for a step that is not valid: a piece of it, as in the source of `place`."""

    piece: str
    place: str

    @property
    def statement(self) -> Statement:
        """Where the reason is written. Raises `NoSuchAssertion`."""
        return find_statement(self.place, self.piece)


LOST_WORKER = StepReason("of the generator's workers were lost", "harness/performance/sweep/measuring.py::measure")
REFUSED_SERVICES = StepReason("the API server refused Services:", "harness/performance/sweep/run.py::_bring_to")
FULL_TABLE = StepReason("was full, with", "harness/performance/sweep/run.py::_full_tables")
REASONS = (LOST_WORKER, REFUSED_SERVICES, FULL_TABLE)


@dataclass(frozen=True, slots=True)
class SweepTrial:
    """What a sweep made of a fault that was in place during step `spoilt`.

    `expected` is a regular expression with which that step's reason has to begin.
    """

    fault: str
    expected: str
    steps: tuple[Step, ...]
    spoilt: int

    @property
    def detection(self) -> Detection:
        """By accident is a reason other than the one that is meant."""
        reason = self.steps[self.spoilt].invalid_reason
        if not reason:
            return Detection.MISSED
        return Detection.CAUGHT if re.match(self.expected, reason) else Detection.BY_ACCIDENT

    @property
    def harmed(self) -> tuple[str, ...]:
        """In words: steps without numbers, and those whose numbers are in conclusions or not as they should be."""
        return tuple(
            f"step {number} with {step.services} Services"
            for number, step in enumerate(self.steps)
            if not step.measurements
            or (bool(step.invalid_reason) and number != self.spoilt)
            or any(found.concludes == (number == self.spoilt) for found in step.measurements)
        )

    @property
    def caught(self) -> bool:
        return self.detection is Detection.CAUGHT and not self.harmed

    @property
    def finding(self) -> Finding:
        """The trial as the report presents it."""
        cases = {f"step {number}": step.invalid_reason or "valid" for number, step in enumerate(self.steps)}
        return finding_of(
            self.fault, self.detection, too_wide=bool(self.harmed), cases=cases, confidence=self._in_words
        )

    @property
    def complaint(self) -> str:
        """What is wrong with it, in words."""
        return f"{self.fault}: {self._in_words}"

    @property
    def _in_words(self) -> str:
        reason = self.steps[self.spoilt].invalid_reason or "no reason"
        expected = "" if self.detection is Detection.CAUGHT else f", expected was {self.expected!r}"
        harm = f"; wrongly in a conclusion, or in none: {', '.join(self.harmed)}" if self.harmed else ""
        return f"the step's reason: {self.detection}: {reason}{expected}{harm}"
