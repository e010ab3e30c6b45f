"""Errors by which Kubernetes fails a case. Environment errors are in `clusters.errors`.

    AssertionError
    └── ConditionNotMet      a condition that the case waited for was not met
        ├── DeadlinePassed   it was not met in time; the message holds the last sample
        └── BecameImpossible it can no longer be met, so the wait ended before the deadline

Any other AssertionError of a case is a failed expectation. So are `pytest.fail` and an `ApiException` of the
Kubernetes client with which the API server refuses the request itself. Every other exception is an environment error,
never a failure of Kubernetes: an API server that is overloaded or has just started, `clusters.errors.WorldError`,
a bug in the case such as a `KeyError`, and any failure in set-up or tear-down, where the case asserts nothing
(`harness.run.record.outcome_of`).
"""

from __future__ import annotations


class ConditionNotMet(AssertionError):
    """A condition that was waited for and not met: its name, the last sample in words, and the seconds waited."""

    def __init__(self, condition: str, last_seen: str, waited_s: float) -> None:
        super().__init__(f"{condition}: {self.ending} after {waited_s:.1f} s; last seen: {last_seen}")
        self.condition = condition
        self.last_seen = last_seen
        self.waited_s = waited_s

    ending = "not met"


class DeadlinePassed(ConditionNotMet):
    """A condition that was not met before its deadline."""

    ending = "not in time"


class BecameImpossible(ConditionNotMet):
    """A condition that can no longer be met, so the wait ended before its deadline."""

    ending = "became impossible"
