"""What a run is doing at this moment: cases done and running, failures, and an estimate of the time that is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reports.model import Outcome

BAD = (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)
LEAST_SHARE = 0.1
"""The share of a run's case time that must be done before an estimate is shown."""


@dataclass(slots=True)
class RunStatus:
    """The state of a run's cases. Times are in seconds since the first case could start.

    `usual_s` are the durations of cases in an earlier run; cases that it lacks count as the mean of the others.
    """

    usual_s: Mapping[str, float] = field(default_factory=dict)
    total: int = 0
    done: int = 0
    failed: int = 0
    running: dict[str, float] = field(default_factory=dict)
    """When each running case started."""
    _done_s: float = 0.0

    def start(self, case: str, now_s: float) -> None:
        self.running[case] = now_s

    def finish(self, case: str, outcome: Outcome) -> None:
        self.running.pop(case, None)
        self.done += 1
        self.failed += outcome in BAD
        self._done_s += self._usual(case)

    def left_s(self, now_s: float) -> float | None:
        """Return the estimated time until the last case ends, or None if too little has been done to tell."""
        all_s = self._all_s()
        share = self._done_s / all_s if all_s else 0.0
        return now_s * (1 - share) / share if share >= LEAST_SHARE else None

    def line(self, now_s: float) -> str:
        """Return the state in one line: the longest running cases first."""
        words = [f"{self.done} of {self.total} cases done"]
        if self.failed:
            words.append(f"{self.failed} failed")
        longest = sorted(self.running.items(), key=lambda item: item[1])
        if longest:
            words.append("running: " + ", ".join(f"{_name(case)} {now_s - at_s:.0f} s" for case, at_s in longest))
        left_s = self.left_s(now_s)
        if left_s is not None and self.done < self.total:
            words.append(f"about {max(left_s / 60, 1):.0f} min left")
        return "; ".join(words)

    def _usual(self, case: str) -> float:
        return self.usual_s.get(case, self._mean_s)

    def _all_s(self) -> float:
        """Return the usual duration of all cases; which ones they are is known only once they have started."""
        return max(self.total * self._mean_s, self._done_s)

    @property
    def _mean_s(self) -> float:
        return sum(self.usual_s.values()) / len(self.usual_s) if self.usual_s else 1.0


def _name(case: str) -> str:
    """Return a case's name without its file."""
    return case.rpartition("::")[2].removeprefix("test_")
