"""The numbers of Services that a sweep measures at, and for how long."""

from __future__ import annotations

DURATION_S, CHECKED_S = 20, 40
"""Duration of a step: in a case that decides a claim, and in a sweep of the performance suite, which checks itself."""


MANY = 2000

UP = (1000, 3000, 5000, 8000, 10000, 15000, 20000, 25000, 30000)
UP_TO_MANY = (500, 1000, 1500, MANY)


def sweep_steps(most: int) -> tuple[int, ...]:
    """Return the numbers of Services of a sweep: up to `most` and down again, so that drift has no part in growth.

    `DummyServices` removes whole thousands of them, so a sweep to fewer ends at zero, where it measures twice.
    """
    if most < 1000:
        return (0, 0, most // 2, most, most, 0, 0)
    up = [services for services in (UP if most > MANY else UP_TO_MANY) if services < most]
    down = [services for services in reversed(up) if services % 1000 == 0]
    return (0, 100, *up, most, *([most, most] if most <= MANY else []), *down, 0, *([] if len(down) > 1 else [0]))


def step_s(aa_pairs: bool, requested_s: int | None = None) -> float:
    """Return how long each step of a sweep is measured; `requested_s` is for sweeps of the performance suite alone."""
    return (requested_s or CHECKED_S) if aa_pairs else DURATION_S
