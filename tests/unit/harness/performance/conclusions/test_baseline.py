"""Simulated sweeps on a host whose speed affects both the first packet and the loopback baseline."""

from dataclasses import replace
from statistics import median

import numpy as np

from harness.performance.conclusions.baseline import baseline_corrected, baseline_corrected_slope
from harness.statistics.median_interval import median_interval
from harness.statistics.slope import slope_of_steps, slope_with_covariate
from reports.model import Conditions, Measurement, MeasurementName
from tests.fakes.cluster.sweep import step_of, with_latencies
from tests.unit.harness.performance.conclusions.varying_host import SERVICES, steps_on_varying_host

WHOLE = (0, 10, 100, 1000, 2000, 5000, 10000, 0)


def measured(step):
    """Return the step with measurements, of which only one is the position's by the kernel's clock."""
    here = Conditions(services=step.services, clock="kernel")
    at_end = replace(here, position="end")
    records = (
        record(MeasurementName.FIRST_PACKET_AA, at_end),
        record(MeasurementName.FIRST_PACKET, replace(at_end, clock="wall")),
        record(MeasurementName.FIRST_PACKET, replace(at_end, rules_walked=7)),
        record(MeasurementName.BASELINE, here),
    )
    return replace(step, measurements=records)


def record(name, conditions):
    return Measurement(name=name, unit="us", conditions=conditions, n=9, errors=0, quantiles={}, ci95={})


def test_each_step_is_corrected_to_the_baseline_at_zero_services():
    steps = [measured(step) for step in steps_on_varying_host(per_1000_us=20)]
    found = list(baseline_corrected(steps))
    assert [(one.name, one.n) for one in found] == [(MeasurementName.FIRST_PACKET_CORRECTED, 20)] * 4
    assert [one.conditions.services for one in found] == list(SERVICES)
    assert {one.conditions.rules_walked for one in found} == {7}
    assert {one.conditions.clock for one in found} == {"kernel"}
    ((baseline_us, coefficient),) = {(one.conditions.baseline_us, one.conditions.baseline_coefficient) for one in found}
    assert 30 < baseline_us < 30 * 1.25  # between the baselines of the first and the last step at zero
    assert abs(coefficient - 3) < 0.6
    at_zero = found[0].quantiles["p50"]
    for one, grown_us in zip(found, (0, 2, 22, 0), strict=True):  # at 1,000 Services the host was 10% slower
        assert abs(one.quantiles["p50"] - at_zero - grown_us) < 3
        low, high = one.ci95["p50"]
        assert low < one.quantiles["p50"] < high < low + 4


def test_the_interval_contains_the_true_slope_if_a_part_of_the_first_packet_is_constant():
    """Of 100 intervals of 95%, fewer than 89 contain the true value with a probability of 1 in 200."""
    covered = 0
    for seed in range(100):
        steps = list(steps_on_varying_host(per_1000_us=0, steps=WHOLE, base_us=45, seed=seed))
        slope = baseline_corrected_slope(steps, "end", 1000)
        covered += slope.low <= 0 <= slope.high
        assert slope.high - slope.low < 1
    assert covered >= 89


def test_a_baseline_that_does_not_vary_with_the_host_hardly_changes_the_medians():
    steps = [measured(step) for step in steps_on_varying_host(per_1000_us=0, steps=WHOLE, baseline_varies=False)]
    found = list(baseline_corrected(steps))
    assert abs(found[0].conditions.baseline_coefficient) < 6  # poorly determined, because the baseline hardly varies
    for step, one in zip(steps, found, strict=True):
        assert abs(one.quantiles["p50"] - median(step.latencies.block_p50_us["end"])) < 3


def drifting(services):
    """Yield steps of a host that becomes slower with each step.

    The first packet grows by 3 us per microsecond of baseline within a step, and by 2.4 us between steps.
    """
    random = np.random.default_rng(5)
    for step, number in enumerate(services):
        level_us = 20 + 1.5 * step
        variation_us = random.normal(0, 1, 60)
        ours_us = 50 + 2.4 * level_us + 3 * variation_us + random.normal(0, 0.3, 60)
        blocks = tuple(zip(ours_us.tolist(), (level_us + variation_us).tolist(), strict=True))
        medians = {"end": tuple(ours for ours, _ in blocks)}
        yield measured(step_of(number, block_p50_us=medians, with_baseline_us={"end": blocks}))


def test_many_steps_adjust_the_coefficient_to_that_between_steps():
    steps = list(drifting(WHOLE))
    slope = baseline_corrected_slope(steps, "end", 1000)
    assert slope.low <= 0 <= slope.high
    assert 2.2 < next(baseline_corrected(steps)).conditions.baseline_coefficient < 2.7


def test_few_steps_use_the_coefficient_within_the_steps_at_zero():
    found = next(baseline_corrected(list(drifting((0, 100, 1000, 0)))))
    assert abs(found.conditions.baseline_coefficient - 3) < 0.3


def test_a_difference_between_steps_at_zero_does_not_affect_the_coefficient_within_steps():
    first, *rest = drifting((0, 100, 1000, 0))
    slower = tuple((ours, baseline + 9) for ours, baseline in first.latencies.with_baseline_us["end"])
    found = next(baseline_corrected([with_latencies(first, with_baseline_us={"end": slower}), *rest]))
    assert abs(found.conditions.baseline_coefficient - 3) < 0.3


def test_a_constant_baseline_changes_nothing():
    constant = [
        with_latencies(
            step, with_baseline_us={"end": tuple((ours, 20.0) for ours, _ in step.latencies.with_baseline_us["end"])}
        )
        for step in drifting(WHOLE)
    ]
    for step, one in zip(constant, baseline_corrected(constant), strict=True):
        assert abs(one.quantiles["p50"] - median(step.latencies.block_p50_us["end"])) < 1e-6


def test_no_step_is_corrected_if_one_has_no_baseline():
    first, *rest = (measured(step) for step in steps_on_varying_host(per_1000_us=5))
    for blocks in ((), first.latencies.with_baseline_us["end"][:1]):
        steps = [with_latencies(first, with_baseline_us={"end": blocks}), *rest]
        uncorrected = [median(step.latencies.block_p50_us["end"]) for step in steps]
        assert baseline_corrected_slope(steps, "end") == slope_of_steps(SERVICES, uncorrected)
        assert not list(baseline_corrected(steps))


def test_the_interval_of_a_series_contains_the_true_value_despite_autocorrelation():
    """Of 200 intervals of 95%, fewer than 178 contain it with a probability of 1 in 200, if values are independent."""
    for autocorrelation, least in ((0.0, 179), (0.5, 174)):
        covered = 0
        for seed in range(200):
            random = np.random.default_rng(seed)
            series = [random.normal()]
            for _ in range(119):
                series.append(autocorrelation * series[-1] + random.normal() * (1 - autocorrelation**2) ** 0.5)
            low, high = median_interval(series)
            covered += low <= 0 <= high
        assert covered >= least


def test_the_interval_of_two_values_is_wide():
    low, high = median_interval([100.0, 102.0])
    assert high - low > 20


STEPS = np.array(WHOLE)


def slopes_with_drift(runs, per_unit=0.0, spread=0.6):
    """Yield slopes with and without correction, on hosts that drift from step to step.

    The coefficient of the baseline differs from the assumed one by a random amount with a standard deviation `spread`.
    """
    for seed in range(runs):
        random = np.random.default_rng(seed)
        baselines_us = 18 + np.arange(8) * random.normal(0, 1) + random.normal(0, 1, 8)
        error = random.normal(0, spread)
        y_us = 70 + per_unit * STEPS + error * baselines_us + random.normal(0, 0.5, 8)
        yield slope_with_covariate(STEPS, y_us, baselines_us, spread)[0], slope_of_steps(STEPS, y_us)


def test_drift_of_the_host_is_not_mistaken_for_a_slope():
    """Of 200 intervals of 95%, fewer than 180 contain the true value with a probability of 1 in 300."""
    found = list(slopes_with_drift(200))
    assert sum(slope.low <= 0 <= slope.high for slope, _ in found) >= 180
    widths = [np.median([slope.high - slope.low for slope in column]) for column in zip(*found, strict=True)]
    assert widths[0] < widths[1]


def test_a_small_slope_is_detected_despite_drift():
    assert sum(slope.low > 0 for slope, _ in slopes_with_drift(100, per_unit=0.0005)) >= 80


def test_equal_baselines_do_not_change_the_slope():
    y_us = [70, 71, 69, 72, 73, 71, 75, 70]
    found, adjustment = slope_with_covariate(STEPS, y_us, [20.0] * 8, 0.6)
    plain = slope_of_steps(STEPS, y_us)
    assert np.allclose([found.per_unit, found.low, found.high], [plain.per_unit, plain.low, plain.high])
    assert abs(adjustment) < 1e-9


def test_steps_exactly_on_a_line_have_a_slope():
    found, _ = slope_with_covariate([0, 1, 2, 3], [5.0, 6.0, 7.0, 8.0], [20.0, 20.0, 20.0, 20.0], 0.6)
    assert np.allclose([found.low, found.per_unit, found.high], 1, atol=0.2)
    flat, _ = slope_with_covariate([0, 1, 2, 3], [0.0] * 4, [20.0] * 4, 0.6)
    assert flat.low < 0 < flat.high
