"""Simulated loads on hosts whose latency varies little or much."""

from dataclasses import dataclass, field

import numpy as np

from harness.load.plan import Block, LoadPlan, LoadResult, Target, TargetBlocks
from harness.performance.sweep.rounds import are_known, followed_by, run_until_known
from harness.statistics.histogram import block_counts, encode
from harness.statistics.quantile_interval import quantile_interval

TARGET = Target("end", "10.96.0.9", 80)
PLAN = LoadPlan((TARGET,), 20, 120, seed=3)
MEAN_US = 200.0


@dataclass
class Host:
    """A host on which first packets take 200 us on average, and the mean of each second scatters by `spread_us`.

    `lost` is the number of lost workers.
    """

    spread_us: float
    lost: int = 0
    seed: int = 1
    plans: list[LoadPlan] = field(default_factory=list)

    def run(self, plan):
        self.plans.append(plan)
        random = np.random.default_rng([self.seed, len(self.plans)])
        number = int(plan.duration_s)
        means_us = random.normal(MEAN_US, self.spread_us, number)
        kernel = [
            encode(one) for one in np.rint(random.normal(means_us[:, None], 5, (number, 20))).astype(int).tolist()
        ]
        blocks = TargetBlocks(tuple(Block(at, kernel=histogram) for at, histogram in enumerate(kernel)))
        return LoadResult(20 * number, 1, 2, 0.1, self.lost, 50.0 * len(self.plans), {TARGET.label: blocks}, blocks)


def test_a_load_whose_medians_are_known_in_time_is_not_extended():
    host = Host(spread_us=5)
    result, duration_s = run_until_known(host.run, PLAN, (TARGET,), spare_s=120)
    assert (len(host.plans), duration_s, len(result.of(TARGET).blocks)) == (1, 120, 120)


def test_a_load_with_unknown_medians_is_extended_within_the_spare_time():
    host = Host(spread_us=60)
    result, duration_s = run_until_known(host.run, PLAN, (TARGET,), spare_s=140)
    assert [plan.duration_s for plan in host.plans] == [120, 30, 30, 30, 30]
    assert len({plan.seed for plan in host.plans}) == 5
    assert duration_s == 240
    assert not are_known(result, (TARGET,), PLAN.seed)
    assert [block.number for block in result.of(TARGET).blocks] == list(range(240))
    assert [block.number for block in result.baseline.blocks] == list(range(240))
    assert (result.planned, result.missed, result.late, result.began_s) == (4800, 5, 10, 50.0)


def test_a_load_ends_as_soon_as_its_medians_are_known():
    host = Host(spread_us=25)
    result, duration_s = run_until_known(host.run, PLAN, (TARGET,), spare_s=600)
    assert are_known(result, (TARGET,), PLAN.seed)
    assert 120 < duration_s < 720


def test_a_load_that_lost_a_worker_is_not_extended():
    host = Host(spread_us=60, lost=1)
    result, _ = run_until_known(host.run, PLAN, (TARGET,), spare_s=600)
    assert (len(host.plans), result.lost) == (1, 1)


def test_a_target_without_samples_does_not_extend_a_load():
    silent = Target("silent", "10.96.0.7", 80)
    result, duration_s = run_until_known(Host(spread_us=5).run, PLAN, (TARGET, silent), spare_s=600)
    assert duration_s == 120
    assert result.of(silent).blocks == ()


def test_a_target_or_a_lost_worker_can_appear_in_one_of_two_results_only():
    first, then = Host(spread_us=5).run(PLAN), Host(spread_us=5).run(PLAN)
    (joined,) = followed_by(LoadResult(0, 0, 0, 0.0, 0, 0.0, {}, TargetBlocks(())), then, 120).targets.values()
    assert joined.blocks[0].number == 120
    assert followed_by(first, LoadResult(0, 0, 0, 0.0, 1, 0.0, {}, TargetBlocks(())), 120).lost == 1


def test_the_stopping_rule_does_not_reduce_the_coverage_of_intervals():
    """Of 100 intervals of 95%, fewer than 89 contain the true value with a probability of 1 in 200."""
    covered = 0
    for seed in range(100):
        result, _ = run_until_known(Host(spread_us=25, seed=seed).run, PLAN, (TARGET,), spare_s=120)
        counts = block_counts(result.of(TARGET).histograms("kernel"))
        low, high = quantile_interval(counts, 0.5, np.random.default_rng(seed))
        covered += low <= MEAN_US <= high
    assert covered >= 89
