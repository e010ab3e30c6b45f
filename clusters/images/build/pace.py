"""The pace of a build: how long tasks take on this host compared with their usual cost, and what is left."""

from __future__ import annotations

from collections.abc import Mapping

from clusters.host.clock import Clock


class Pace:
    """The pace of tasks, given as (lane, usual cost in seconds) by name. Lanes run side by side."""

    def __init__(self, tasks: Mapping[str, tuple[str, float]], clock: Clock) -> None:
        self._left = dict(tasks)
        self._clock = clock
        self._started_s: dict[str, float] = {}
        self._spent_s: dict[str, float] = {}
        self._usual_s: dict[str, float] = {}
        self._all = len(tasks)

    def start(self, name: str) -> None:
        self._started_s[name] = self._clock.monotonic()

    def finish(self, name: str) -> str:
        """Return how long the task took, and the status after it."""
        took_s = self._clock.monotonic() - self._started_s.pop(name)
        lane, usual_s = self._left.pop(name)
        self._spent_s[lane] = self._spent_s.get(lane, 0.0) + took_s
        self._usual_s[lane] = self._usual_s.get(lane, 0.0) + usual_s
        return f"in {took_s:.1f} s; {self.status()}"

    def status(self) -> str:
        """Return how many tasks are done, and an estimate of the time that is left."""
        done = f"{self._all - len(self._left)} of {self._all} done"
        return f"{done}, about {_minutes(self.left_s())} left" if self._left else done

    def left_s(self) -> float:
        """Return the estimated time until the last lane is done, in seconds.

        Usual costs are multiplied by the ratio of spent to usual time of the lane's tasks that are done.
        """
        now_s = self._clock.monotonic()
        lanes: dict[str, float] = {}
        for name, (lane, cost_s) in self._left.items():
            ratio = self._spent_s[lane] / self._usual_s[lane] if lane in self._usual_s else 1.0
            running_s = now_s - self._started_s[name] if name in self._started_s else 0.0
            lanes[lane] = lanes.get(lane, 0.0) + max(cost_s * ratio - running_s, 0.0)
        return max(lanes.values(), default=0.0)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(seconds, 5):.0f} s"
