"""The stopping rule of a sweep's steps: extend a load until its medians are known precisely enough or its time is up.

On a host with other work, medians change from second to second, in some steps more than in others. A precision that
takes two minutes in a calm step may take four in another. A load is therefore extended in rounds of `FURTHER_S` seconds
until the 95% interval of each raw median has a half-width of at most 2% of the median or 1 us, whichever is larger.

Stopping when an interval has reached a fixed width does not reduce its coverage, provided that there are many samples
at the first check (Chow and Robbins 1965, https://doi.org/10.1214/aoms/1177700156).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from harness.load.plan import LoadPlan, LoadResult, Target, TargetBlocks
from harness.statistics.histogram import block_counts
from harness.statistics.quantile_interval import quantile, quantile_interval

FURTHER_S = 30.0
KNOWN_SHARE, KNOWN_US = 0.02, 1.0
"""The half-width of a median's 95% interval at which it counts as known.

It is given as a share of the median and in microseconds; the larger of the two applies.
"""

SEED_STEP = 1000


def run_until_known(
    run: Callable[[LoadPlan], LoadResult], plan: LoadPlan, targets: Sequence[Target], spare_s: float
) -> tuple[LoadResult, float]:
    """Run `plan`, extending it by up to `spare_s` until the medians of `targets` are known.

    Return the result and its total duration in seconds. A load that lost a worker is not extended.
    """
    result, duration_s = run(plan), plan.duration_s
    end_s = duration_s + spare_s
    while duration_s + FURTHER_S <= end_s and not result.lost and not are_known(result, targets, plan.seed):
        further = replace(plan, duration_s=FURTHER_S, seed=plan.seed + SEED_STEP * round(duration_s))
        result = followed_by(result, run(further), round(duration_s / plan.block_s))
        duration_s += FURTHER_S
    return result, duration_s


def are_known(result: LoadResult, targets: Sequence[Target], seed: int) -> bool:
    """Return whether the median of each target, by the kernel's clock, is known; ignore targets without samples."""
    random = np.random.default_rng(seed)
    return all(_is_known(result.of(target), random) for target in targets)


def _is_known(blocks: TargetBlocks, random: np.random.Generator) -> bool:
    counts = block_counts(blocks.histograms("kernel"))
    if not counts.n:
        return True
    low, high = quantile_interval(counts, 0.5, random)
    return (high - low) / 2 <= max(KNOWN_US, KNOWN_SHARE * quantile(counts, 0.5))


def followed_by(first: LoadResult, then: LoadResult, blocks: int) -> LoadResult:
    """Concatenate two results; the blocks of `then` are numbered on after the `blocks` blocks of `first`."""
    labels = first.targets | then.targets
    targets = {label: _joined(first.targets.get(label), then.targets.get(label), blocks) for label in labels}
    return LoadResult(
        planned=first.planned + then.planned,
        missed=first.missed + then.missed,
        late=first.late + then.late,
        cpu_share=max(first.cpu_share, then.cpu_share),
        lost=max(first.lost, then.lost),
        began_s=first.began_s,
        targets=targets,
        baseline=_joined(first.baseline, then.baseline, blocks),
        block_s=first.block_s,
    )


def _joined(first: TargetBlocks | None, then: TargetBlocks | None, blocks: int) -> TargetBlocks:
    earlier = first.blocks if first else ()
    later = (replace(block, number=block.number + blocks) for block in (then.blocks if then else ()))
    return TargetBlocks((*earlier, *later))
