"""Simulated loads, of a host that is calm or is not."""

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
    """First packets take 200 us, and by so many a whole second's more or less; `lost` workers."""

    moods_us: float
    lost: int = 0
    seed: int = 1
    plans: list[LoadPlan] = field(default_factory=list)

    def run(self, plan):
        self.plans.append(plan)
        random = np.random.default_rng([self.seed, len(self.plans)])
        number = int(plan.duration_s)
        means_us = random.normal(MEAN_US, self.moods_us, number)
        kernel = [
            encode(one) for one in np.rint(random.normal(means_us[:, None], 5, (number, 20))).astype(int).tolist()
        ]
        blocks = TargetBlocks(tuple(Block(at, kernel=told) for at, told in enumerate(kernel)))
        return LoadResult(20 * number, 1, 2, 0.1, self.lost, 50.0 * len(self.plans), {TARGET.label: blocks}, blocks)


def test_what_is_known_in_its_time_takes_no_more():
    host = Host(moods_us=5)
    result, duration_s = run_until_known(host.run, PLAN, (TARGET,), spare_s=120)
    assert (len(host.plans), duration_s, len(result.of(TARGET).blocks)) == (1, 120, 120)


def test_a_host_that_is_not_calm_is_measured_for_longer_and_no_longer_than_there_is_time():
    host = Host(moods_us=60)
    result, duration_s = run_until_known(host.run, PLAN, (TARGET,), spare_s=140)
    assert [plan.duration_s for plan in host.plans] == [120, 30, 30, 30, 30]
    assert len({plan.seed for plan in host.plans}) == 5
    assert duration_s == 240
    assert not are_known(result, (TARGET,), PLAN.seed)
    assert [block.number for block in result.of(TARGET).blocks] == list(range(240))
    assert [block.number for block in result.baseline.blocks] == list(range(240))
    assert (result.planned, result.missed, result.late, result.began_s) == (4800, 5, 10, 50.0)


def test_it_ends_as_soon_as_it_is_known():
    host = Host(moods_us=25)
    result, duration_s = run_until_known(host.run, PLAN, (TARGET,), spare_s=600)
    assert are_known(result, (TARGET,), PLAN.seed)
    assert 120 < duration_s < 720


def test_nothing_is_gone_on_with_after_a_worker_was_lost():
    host = Host(moods_us=60, lost=1)
    result, _ = run_until_known(host.run, PLAN, (TARGET,), spare_s=600)
    assert (len(host.plans), result.lost) == (1, 1)


def test_a_target_that_tells_nothing_is_not_waited_for():
    silent = Target("silent", "10.96.0.7", 80)
    result, duration_s = run_until_known(Host(moods_us=5).run, PLAN, (TARGET, silent), spare_s=600)
    assert duration_s == 120
    assert result.of(silent).blocks == ()


def test_who_tells_nothing_at_first_is_told_of_from_later_on():
    first, then = Host(moods_us=5).run(PLAN), Host(moods_us=5).run(PLAN)
    (joined,) = followed_by(LoadResult(0, 0, 0, 0.0, 0, 0.0, {}, TargetBlocks(())), then, 120).targets.values()
    assert joined.blocks[0].number == 120
    assert followed_by(first, LoadResult(0, 0, 0, 0.0, 1, 0.0, {}, TargetBlocks(())), 120).lost == 1


def test_to_look_before_one_stops_leaves_an_interval_what_it_is():
    """Of 100 intervals of 95% as many as 89 hold the truth, but once in 200 times."""
    held = 0
    for seed in range(100):
        result, _ = run_until_known(Host(moods_us=25, seed=seed).run, PLAN, (TARGET,), spare_s=120)
        counts = block_counts(result.of(TARGET).histograms("kernel"))
        low, high = quantile_interval(counts, 0.5, np.random.default_rng(seed))
        held += low <= MEAN_US <= high
    assert held >= 89
