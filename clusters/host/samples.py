"""The loop of waits for a condition: samples with pauses between them, for a limited time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from clusters.host.clock import Clock, SystemClock

Seen = TypeVar("Seen")
GROWTH = 0.1
"""The share of the time waited so far to which an interval may grow: a long wait then ends at most a tenth later."""


@dataclass(frozen=True, slots=True)
class Sample(Generic[Seen]):
    """What one sample saw, and the seconds waited until then. `last`: the time is over, and no other follows."""

    seen: Seen
    waited_s: float
    last: bool


def samples_within(
    sample: Callable[[], Seen],
    *,
    limit_s: float,
    interval_s: float,
    pause_ratio: float = 0.0,
    longest_interval_s: float = 0.0,
    clock: Clock | None = None,
) -> Iterator[Sample[Seen]]:
    """Yield samples until `limit_s` seconds have passed; the caller stops earlier when its condition is met.

    There is always one sample, and the last one is taken when the time is over. The pause between two samples is
    `interval_s`, which grows with the time waited up to `longest_interval_s` if that is longer (`GROWTH`), or
    `pause_ratio` times as long as the last sample took if that is longer still, but at most the time that is left.
    """
    clock = clock or SystemClock()
    start_s = clock.monotonic()
    last = False
    while True:
        sample_start_s = clock.monotonic()
        seen = sample()
        now_s = clock.monotonic()
        waited_s = now_s - start_s
        last = last or waited_s >= limit_s
        yield Sample(seen, waited_s, last)
        if last:
            return
        grown_s = max(interval_s, min(GROWTH * waited_s, longest_interval_s))
        pause_s, left_s = max(grown_s, pause_ratio * (now_s - sample_start_s)), limit_s - waited_s
        last = pause_s >= left_s  # rounding may end the pause just before the limit
        clock.sleep(min(pause_s, left_s))  # until the next sample; the limit ends the loop
