"""Capacity: the highest rate at which the 99th percentile of latency stays within a bound, found by a stepped search.

The rate is doubled until it exceeds the capacity. Then the interval between the highest rate that passed and the lowest
that failed is bisected geometrically until it is narrow. A rate passes if no planned request was missed, none failed,
and p99, measured from the intended start, is within the bound. If the generator itself was busy at the failed rate, the
result may be the generator's capacity, and the finding says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from harness.load.plan import BUSY_SHARE, LoadResult, Target
from harness.statistics.histogram import block_counts
from harness.statistics.quantiles import quantile
from reports.model.findings import CapacityFinding, RateAttempt

US_PER_MS = 1000.0
NARROW = 1.15
"""The search ends when the lowest rate that failed is at most this many times the highest rate that passed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of a load at one rate; `p99_us` is infinite if no request was answered."""

    rate_per_s: float
    p99_us: float
    missed: int
    failed: int
    cpu_share: float
    bound_us: float

    @property
    def holds(self) -> bool:
        return not self.missed and not self.failed and self.p99_us <= self.bound_us

    @property
    def generator_busy(self) -> bool:
        return self.cpu_share > BUSY_SHARE


def attempt_of(result: LoadResult, targets: tuple[Target, ...], rate_per_s: float, bound_us: float) -> Attempt:
    """Evaluate a load at one rate; the latencies of all targets are merged."""
    counts = block_counts([text for target in targets for text in result.of(target).histograms("corrected")])
    failed = sum(sum(result.of(target).errors.values()) for target in targets)
    p99_us = quantile(counts, 0.99) if counts.n else math.inf
    return Attempt(rate_per_s, p99_us, result.missed, failed, result.cpu_share, bound_us)


def search(attempt: Callable[[float], Attempt], begin_per_s: float, most_per_s: float) -> tuple[Attempt, ...]:
    """Search for the capacity from `begin_per_s` up to `most_per_s`; return all attempts in order."""
    made = [attempt(begin_per_s)]
    while made[-1].holds and made[-1].rate_per_s < most_per_s:
        made.append(attempt(min(2 * made[-1].rate_per_s, most_per_s)))
    while (gap := _gap(made)) is not None:
        made.append(attempt(math.sqrt(gap[0] * gap[1])))
    return tuple(made)


def highest(made: tuple[Attempt, ...]) -> Attempt | None:
    """Return the highest rate that passed, of those below the lowest rate that failed; None if there is none."""
    broke = min((one.rate_per_s for one in made if not one.holds), default=math.inf)
    return max((one for one in made if one.holds and one.rate_per_s < broke), key=_rate, default=None)


def finding(made: tuple[Attempt, ...], requests: str, mode: str) -> CapacityFinding:
    """Return the capacity as a finding of the report; `requests` names the requests."""
    best = highest(made)
    limit = min((one for one in made if not one.holds), key=_rate, default=None)
    return CapacityFinding(
        mode=mode,
        requests=requests,
        bound_ms=made[0].bound_us / US_PER_MS,
        passed=None if best is None else _record(best),
        exceeded=None if limit is None else _record(limit),
        attempts=tuple(map(_record, made)),
    )


def _record(attempt: Attempt) -> RateAttempt:
    return RateAttempt(
        rate_per_s=attempt.rate_per_s,
        p99_us=attempt.p99_us,
        missed=attempt.missed,
        failed=attempt.failed,
        cpu_share=attempt.cpu_share,
        generator_busy=attempt.generator_busy,
    )


def _gap(made: list[Attempt]) -> tuple[float, float] | None:
    """Return the rates between which the capacity lies; None if they are close together or one of them is unknown."""
    best = highest(tuple(made))
    limit = min((one.rate_per_s for one in made if not one.holds), default=None)
    if best is None or limit is None or limit <= NARROW * best.rate_per_s:
        return None
    return best.rate_per_s, limit


def _rate(attempt: Attempt) -> float:
    return attempt.rate_per_s
