"""Simulated sweeps, of a host that makes first packets slower and the generator's floor with them."""

from dataclasses import replace
from statistics import median

import numpy as np

from harness.dataplane.reader import RuleCount
from harness.performance.baseline import baseline_corrected, baseline_corrected_slope
from harness.performance.sweep.step import Step
from harness.statistics.quantile_interval import median_interval
from harness.statistics.slope import slope_beside, slope_of_steps
from reports.model import Measurement
from tests.unit.harness.performance.moody import SERVICES, of_a_host_with_moods

WHOLE = (0, 10, 100, 1000, 2000, 5000, 10000, 0)


def measured(step):
    """The step with records of what was measured in it."""
    here = {"services": step.services, "clock": "kernel"}
    records = [
        Measurement("first_packet_twin", "us", {**here, "position": "end", "twin": True}, 9, 0, {}, {}, ""),
        Measurement("first_packet", "us", {**here, "position": "end", "clock": "wall"}, 9, 0, {}, {}, ""),
        Measurement("first_packet", "us", {**here, "position": "end", "rules_walked": 7}, 9, 0, {}, {}, ""),
        Measurement("generator_floor", "us", here, 9, 0, {}, {}, ""),
    ]
    return replace(step, measurements=tuple(records))


def test_each_step_is_told_as_if_the_floor_had_been_what_it_was_at_zero_services():
    steps = [measured(step) for step in of_a_host_with_moods(per_1000_us=20)]
    found = list(baseline_corrected(steps))
    assert [(one.name, one.n) for one in found] == [("first_packet_less_floor", 20)] * 4
    assert [one.conditions["services"] for one in found] == list(SERVICES)
    assert {one.conditions["rules_walked"] for one in found} == {7}
    assert {one.conditions["clock"] for one in found} == {"kernel"}
    ((baseline_us, times),) = {(one.conditions["floor_us"], one.conditions["times_floor"]) for one in found}
    assert 30 < baseline_us < 30 * 1.25  # between what it was at the first zero and at the last
    assert abs(times - 3) < 0.6
    at_zero = found[0].quantiles["p50"]
    for one, grown_us in zip(found, (0, 2, 22, 0), strict=True):  # at 1,000 the host was slower by a tenth
        assert abs(one.quantiles["p50"] - at_zero - grown_us) < 3
        low, high = one.ci95["p50"]
        assert low < one.quantiles["p50"] < high < low + 4


def test_first_packets_of_which_a_part_is_always_the_same_follow_the_floor_by_less():
    """Of 100 intervals of 95% fewer than 89 would hold the truth once in 200 times."""
    held = 0
    for seed in range(100):
        steps = list(of_a_host_with_moods(per_1000_us=0, steps=WHOLE, base_us=45, seed=seed))
        slope = baseline_corrected_slope(steps, "end", 1000)
        held += slope.low <= 0 <= slope.high
        assert slope.high - slope.low < 1
    assert held >= 89


def test_a_floor_that_knows_nothing_of_the_hosts_moods_is_not_followed():
    steps = [measured(step) for step in of_a_host_with_moods(per_1000_us=0, steps=WHOLE, baseline_knows=False)]
    found = list(baseline_corrected(steps))
    assert abs(found[0].conditions["times_floor"]) < 6  # it hardly moves
    for step, one in zip(steps, found, strict=True):
        assert abs(one.quantiles["p50"] - median(step.block_p50_us["end"])) < 3


def drifting(services):
    """First packets of which 3 us go with one of the floor within a step, and 2.4 from step to step, on a host
    that becomes slower with each."""
    random = np.random.default_rng(5)
    for step, number in enumerate(services):
        level_us = 20 + 1.5 * step
        moods_us = random.normal(0, 1, 60)
        ours_us = 50 + 2.4 * level_us + 3 * moods_us + random.normal(0, 0.3, 60)
        beside = tuple(zip(ours_us.tolist(), (level_us + moods_us).tolist(), strict=True))
        medians = {"end": tuple(ours for ours, _ in beside)}
        yield measured(Step(number, (), medians, RuleCount(0, {}), 0.0, with_baseline_us={"end": beside}))


def test_steps_that_follow_the_floor_by_less_than_the_parts_of_one_say_so():
    steps = list(drifting(WHOLE))
    slope = baseline_corrected_slope(steps, "end", 1000)
    assert slope.low <= 0 <= slope.high
    assert 2.2 < next(baseline_corrected(steps)).conditions["times_floor"] < 2.7


def test_few_steps_follow_the_floor_as_the_parts_of_those_at_zero_do():
    found = next(baseline_corrected(list(drifting((0, 100, 1000, 0)))))
    assert abs(found.conditions["times_floor"] - 3) < 0.3


def test_how_steps_differ_at_zero_is_not_taken_for_how_parts_follow():
    first, *rest = drifting((0, 100, 1000, 0))
    slower = tuple((ours, baseline + 9) for ours, baseline in first.with_baseline_us["end"])
    found = next(baseline_corrected([replace(first, with_baseline_us={"end": slower}), *rest]))
    assert abs(found.conditions["times_floor"] - 3) < 0.3


def test_a_floor_that_never_moves_takes_nothing_away():
    still = [
        replace(step, with_baseline_us={"end": tuple((ours, 20.0) for ours, _ in step.with_baseline_us["end"])})
        for step in drifting(WHOLE)
    ]
    for step, one in zip(still, baseline_corrected(still), strict=True):
        assert abs(one.quantiles["p50"] - median(step.block_p50_us["end"])) < 1e-6


def test_what_the_floor_had_in_one_step_only_is_not_asked_of_the_others():
    first, *rest = (measured(step) for step in of_a_host_with_moods(per_1000_us=5))
    for beside in ((), first.with_baseline_us["end"][:1]):
        steps = [replace(first, with_baseline_us={"end": beside}), *rest]
        as_they_are = [median(step.block_p50_us["end"]) for step in steps]
        assert baseline_corrected_slope(steps, "end") == slope_of_steps(SERVICES, as_they_are)
        assert not list(baseline_corrected(steps))


def test_the_interval_of_a_series_holds_the_truth_when_values_follow_each_other():
    """Of 200 intervals of 95% fewer than 178 would hold it once in 200 times, if values knew nothing of each other."""
    for lasting, least in ((0.0, 179), (0.5, 174)):
        held = 0
        for seed in range(200):
            random = np.random.default_rng(seed)
            series = [random.normal()]
            for _ in range(119):
                series.append(lasting * series[-1] + random.normal() * (1 - lasting**2) ** 0.5)
            low, high = median_interval(series)
            held += low <= 0 <= high
        assert held >= least


def test_two_values_tell_little():
    low, high = median_interval([100.0, 102.0])
    assert high - low > 20


STEPS = np.array(WHOLE)


def slopes_beside(runs, per_unit=0.0, spread=0.6):
    """Of hosts that drift while the steps go on, and of which y moves more or less with the floor than was thought."""
    for seed in range(runs):
        random = np.random.default_rng(seed)
        baselines_us = 18 + np.arange(8) * random.normal(0, 1) + random.normal(0, 1, 8)
        more = random.normal(0, spread)
        y_us = 70 + per_unit * STEPS + more * baselines_us + random.normal(0, 0.5, 8)
        yield slope_beside(STEPS, y_us, baselines_us, spread)[0], slope_of_steps(STEPS, y_us)


def test_a_host_that_drifts_with_the_steps_is_not_taken_for_a_slope():
    """Of 200 intervals of 95% fewer than 180 hold the truth once in 300 times."""
    found = list(slopes_beside(200))
    assert sum(slope.low <= 0 <= slope.high for slope, _ in found) >= 180
    widths = [np.median([slope.high - slope.low for slope in column]) for column in zip(*found, strict=True)]
    assert widths[0] < widths[1]


def test_a_small_slope_is_found_beside_a_drift():
    assert sum(slope.low > 0 for slope, _ in slopes_beside(100, per_unit=0.0005)) >= 80


def test_steps_alike_beside_leave_a_slope_what_it_is():
    y_us = [70, 71, 69, 72, 73, 71, 75, 70]
    found, more = slope_beside(STEPS, y_us, [20.0] * 8, 0.6)
    plain = slope_of_steps(STEPS, y_us)
    assert np.allclose([found.per_unit, found.low, found.high], [plain.per_unit, plain.low, plain.high])
    assert abs(more) < 1e-9


def test_steps_that_lie_on_a_line_have_a_slope():
    found, _ = slope_beside([0, 1, 2, 3], [5.0, 6.0, 7.0, 8.0], [20.0, 20.0, 20.0, 20.0], 0.6)
    assert np.allclose([found.low, found.per_unit, found.high], 1, atol=0.2)
    flat, _ = slope_beside([0, 1, 2, 3], [0.0] * 4, [20.0] * 4, 0.6)
    assert flat.low < 0 < flat.high
