"""How much one mode's latency differs from run to run, although nothing but the moment has changed.

A run's steps share what its cluster and its minutes had of their own: the placement of pods, the noise of the host. The
scatter of steps within a run does not show it. It is estimated from repeated runs, pooled over all modes: few runs tell
it poorly, which their degrees of freedom express.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from harness.performance.comparison.break_even import ModeCost


@dataclass(frozen=True, slots=True)
class RunScatter:
    """The standard deviation between runs of one mode, in microseconds, and its degrees of freedom, 0 if unknown."""

    us: float
    freedom: int


def run_scatter(runs: Mapping[str, Sequence[ModeCost]]) -> RunScatter:
    """Return the scatter of the runs of each mode around their mean; with no mode run twice it is unknown."""
    offsets = [offsets_us(of_mode) for of_mode in runs.values()]
    freedom = sum(len(of_mode) - 1 for of_mode in offsets)
    if not freedom:
        return RunScatter(0.0, 0)
    return RunScatter(math.sqrt(sum(us**2 for of_mode in offsets for us in of_mode) / freedom), freedom)


def offsets_us(runs: Sequence[ModeCost]) -> list[float]:
    """Return by how much each run of a mode lies above the mean of its runs, if all grow alike with the Services."""
    steps = [(number, *step) for number, run in enumerate(runs) for step in run.first_packet]
    columns = np.zeros((len(steps), len(runs) + 1))
    for row, (number, services, _) in enumerate(steps):
        columns[row, number], columns[row, -1] = 1.0, services
    fitted = np.linalg.lstsq(columns, np.array([us for _, _, us in steps]))[0]
    levels_us = fitted[:-1]
    return [float(level_us) for level_us in levels_us - levels_us.mean()]


def pooled(runs: Sequence[ModeCost], scatter: RunScatter) -> ModeCost:
    """Return the runs of one mode as one."""
    return ModeCost(
        mode=runs[0].mode,
        first_packet=tuple(step for run in _centred(runs) for step in run.first_packet),
        kept=mean(run.kept for run in runs),
        run_error=scatter.us / math.sqrt(len(runs)),
        run_freedom=scatter.freedom,
        measured_to=max(run.most for run in runs),
    )


def _centred(runs: Sequence[ModeCost]) -> list[ModeCost]:
    """Return the runs of a mode, each shifted to the mean of all, so that their steps can be fitted together."""
    return [
        replace(run, first_packet=tuple((services, us - offset_us) for services, us in run.first_packet))
        for run, offset_us in zip(runs, offsets_us(runs), strict=True)
    ]
