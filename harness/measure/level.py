"""A series of figures, one a run: has its level changed, where, and by how much?

Pettitt's test (1979, https://doi.org/10.2307/2346729) finds where one part of a series ranks above the other; its
probability comes here from random orders of the series itself, so that it also holds for short series and equal
figures. The size of the change is the median of all differences between the parts (Hodges and Lehmann 1963,
https://doi.org/10.1214/aoms/1177704172), its interval from the Mann-Whitney statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.measure.contrast import Range

ORDERS = 2000
FALSE_ALARM = 0.01
SHORTEST = 10
"""With fewer figures even the rarest order comes by chance more often: once in 63 times among nine."""


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The level changed before figure `at` (counted from 0) by `by`, in the figures' unit; `p` by chance."""

    at: int
    by: Range
    p: float


def level_change(figures: Sequence[float], generator: np.random.Generator) -> LevelChange | None:
    """The change of level, None where chance explains it in more than one of 100 series, or the series is short."""
    values = np.asarray(figures, dtype=float)
    if len(values) < SHORTEST:
        return None
    ranks = stats.rankdata(values)
    found = _largest(ranks[None, :])[0]
    orders = generator.permuted(np.tile(ranks, (ORDERS, 1)), axis=1)
    p = (1 + int((_largest(orders) >= found).sum())) / (1 + ORDERS)
    if p > FALSE_ALARM:
        return None
    at = 1 + int(np.argmax(np.abs(_statistic(ranks[None, :])[0])))
    return LevelChange(at, shift(values[at:], values[:at]), p)


def shift(ours: NDArray[np.float64], theirs: NDArray[np.float64], confidence: float = 0.95) -> Range:
    """By how much ours lie above theirs: the Hodges-Lehmann estimate, with its distribution-free interval."""
    differences = np.sort((ours[:, None] - theirs[None, :]).ravel())
    pairs = len(differences)
    spread = np.sqrt(pairs * (len(ours) + len(theirs) + 1) / 12)
    cut = int(max(1, np.floor(pairs / 2 - stats.norm.ppf((1 + confidence) / 2) * spread)))
    return Range(float(np.median(differences)), float(differences[cut - 1]), float(differences[pairs - cut]))


def _statistic(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pettitt's U for each place of a change; `ranks` has shape (rows, n), the result (rows, n - 1)."""
    n = ranks.shape[1]
    sums: NDArray[np.float64] = 2 * np.cumsum(ranks, axis=1)[:, :-1] - np.arange(1, n) * (n + 1)
    return sums


def _largest(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    largest: NDArray[np.float64] = np.abs(_statistic(ranks)).max(axis=1)
    return largest
