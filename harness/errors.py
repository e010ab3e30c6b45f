"""How Kubernetes fails a case; how the *world* fails one is in `clusters.errors`.

    AssertionError
    └── ConditionNotMet      Kubernetes did not do what was waited for
        ├── DeadlinePassed   not in time; the message holds what was last seen
        └── BecameImpossible it cannot happen any more, so we did not wait for the deadline

Any other AssertionError of a case is a failed expectation, and so are `pytest.fail` and an `ApiException` of the
Kubernetes client by which the API server refuses the request itself. Every other exception is an environment error,
never a failure of Kubernetes: an API server that is overloaded or has only just started,
`clusters.errors.WorldError`, a bug in the case such as a `KeyError`, and whatever fails in set-up or
tear-down, where the case asserts nothing (`harness.run.record.outcome_of`).
"""

from __future__ import annotations


class ConditionNotMet(AssertionError):
    """Kubernetes did not do what was waited for. `condition` names it, `last_seen` is the last look."""

    def __init__(self, condition: str, last_seen: str, waited_s: float) -> None:
        super().__init__(f"{condition}: {self.ending} after {waited_s:.1f} s; last seen: {last_seen}")
        self.condition = condition
        self.last_seen = last_seen
        self.waited_s = waited_s

    ending = "not met"


class DeadlinePassed(ConditionNotMet):
    """The deadline passed."""

    ending = "not in time"


class BecameImpossible(ConditionNotMet):
    """Success has become impossible, so the wait ended early."""

    ending = "became impossible"
