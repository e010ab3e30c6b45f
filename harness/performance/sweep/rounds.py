"""A load that goes on until what it measures is known, or its time is up.

On a host that others use as well, medians move from second to second, in one step more than in the next: what is known
after two minutes of a calm one takes four of another. Looking before stopping makes an interval of fixed width no
worse, if there are many samples at the first look (Chow and Robbins 1965, https://doi.org/10.1214/aoms/1177700156).
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
"""Half the 95% interval of a median that is known: of the median, or in microseconds, whichever is more."""

SEEDS_APART = 1000


def run_until_known(
    run: Callable[[LoadPlan], LoadResult], plan: LoadPlan, targets: Sequence[Target], spare_s: float
) -> tuple[LoadResult, float]:
    """What came of `plan`, gone on with for up to `spare_s` until the medians of `targets` are known; the seconds in
    all. It is not gone on with after a worker was lost."""
    result, duration_s = run(plan), plan.duration_s
    end_s = duration_s + spare_s
    while duration_s + FURTHER_S <= end_s and not result.lost and not are_known(result, targets, plan.seed):
        further = replace(plan, duration_s=FURTHER_S, seed=plan.seed + SEEDS_APART * round(duration_s))
        result = followed_by(result, run(further), round(duration_s / plan.block_s))
        duration_s += FURTHER_S
    return result, duration_s


def are_known(result: LoadResult, targets: Sequence[Target], seed: int) -> bool:
    """The median of each of `targets` by the kernel's clock; of those that have told something."""
    random = np.random.default_rng(seed)
    return all(_is_known(result.of(target), random) for target in targets)


def _is_known(blocks: TargetBlocks, random: np.random.Generator) -> bool:
    counts = block_counts(blocks.histograms("kernel"))
    if not counts.n:
        return True
    low, high = quantile_interval(counts, 0.5, random)
    return (high - low) / 2 <= max(KNOWN_US, KNOWN_SHARE * quantile(counts, 0.5))


def followed_by(first: LoadResult, then: LoadResult, blocks: int) -> LoadResult:
    """Both as one, the blocks of `then` counted on from the so many of `first`."""
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
    )


def _joined(first: TargetBlocks | None, then: TargetBlocks | None, blocks: int) -> TargetBlocks:
    earlier = first.blocks if first else ()
    later = (replace(block, number=block.number + blocks) for block in (then.blocks if then else ()))
    return TargetBlocks((*earlier, *later))
