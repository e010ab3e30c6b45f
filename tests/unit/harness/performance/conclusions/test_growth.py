"""Simulated sweeps with known growth."""

import numpy as np

from harness.performance.conclusions.growth import growth
from reports.model.findings import GrowthConclusion
from tests.fakes.cluster.sweep import step_of, with_latencies
from tests.unit.harness.performance.conclusions.varying_host import SERVICES, steps_on_varying_host


def simulated(*, per_1000_us=0.0, at_last_us=0.0, noise_us=4.0, seed=7):
    """Return steps with known growth, on a host that has become slower by `at_last_us` at the last step."""
    generator = np.random.default_rng(seed)
    steps = []
    for number, services in enumerate(SERVICES):
        mean_us = 100 + per_1000_us * services / 1000 + at_last_us * number / (len(SERVICES) - 1)
        blocks = tuple(float(block) for block in generator.normal(mean_us, noise_us, 20))
        steps.append(step_of(services, block_p50_us={"end": blocks}))
    return steps


def test_growth_is_reported_with_its_interval():
    found = growth(simulated(per_1000_us=40)).finding("iptables")
    assert found.conclusion is GrowthConclusion.GROWS
    assert found.per_1000_services_us.low < 40 < found.per_1000_services_us.high
    assert (found.most_services, found.steps, found.baseline_corrected) == (max(SERVICES), len(SERVICES), False)
    first, *_, last = found.line
    assert (first.services, last.services) == (0, max(SERVICES))
    assert last.us.low < 100 + 40 * max(SERVICES) / 1000 < last.us.high


def test_the_absence_of_growth_is_reported():
    found = growth(simulated()).finding("nftables")
    assert found.conclusion is GrowthConclusion.NO_GROWTH


def test_a_host_that_changed_during_the_sweep_allows_no_conclusion():
    found = growth(simulated(at_last_us=-90)).finding("ipvs")
    assert found.conclusion is GrowthConclusion.UNKNOWN
    assert found.per_1000_services_us.low < 0 < found.per_1000_services_us.high


def test_drift_from_step_to_step_is_rarely_mistaken_for_growth():
    """Of 200 sweeps without growth, 5 are expected to show some (one-sided 2.5%).

    More than 12 do with a probability of 1 in 500.
    """
    false_alarms = 0
    for seed in range(200):
        drifts_us = np.random.default_rng(1000 + seed).normal(0, 20, len(SERVICES))
        drifted = [
            with_latencies(
                step, block_p50_us={"end": tuple(us + drift_us for us in step.latencies.block_p50_us["end"])}
            )
            for step, drift_us in zip(simulated(seed=seed), drifts_us, strict=True)
        ]
        false_alarms += growth(drifted).seen
    assert false_alarms <= 12


def test_a_sweep_too_imprecise_to_detect_growth_does_not_conclude_its_absence():
    found = growth(simulated(at_last_us=25)).finding("nftables")
    assert found.conclusion is GrowthConclusion.UNKNOWN


def test_one_slow_step_is_not_mistaken_for_growth():
    steps = simulated(per_1000_us=15)
    slow = [
        with_latencies(
            step,
            block_p50_us={"end": tuple(us + 60 * (step.services == 100) for us in step.latencies.block_p50_us["end"])},
        )
        for step in steps
    ]
    assert growth(slow).finding("ipvs").conclusion is GrowthConclusion.UNKNOWN


def test_growth_is_detected_despite_a_small_change_of_the_host():
    assert growth(simulated(per_1000_us=40, at_last_us=5)).finding("iptables").conclusion is GrowthConclusion.GROWS


def test_drift_that_shows_in_the_baseline_neither_causes_nor_hides_growth():
    flat, steep = (list(steps_on_varying_host(per_1000_us=us)) for us in (0, 15))
    raw = [with_latencies(step, with_baseline_us={}) for step in steep]
    assert growth(raw).finding("iptables").conclusion is GrowthConclusion.UNKNOWN
    found = growth(steep)
    assert found.finding("iptables").conclusion is GrowthConclusion.GROWS
    assert found.slope.low < 15 * 1.1 < found.slope.high  # at 1,000 Services the host was 10% slower
    assert found.finding("iptables").baseline_corrected
    assert growth(flat).absent


def test_an_estimated_coefficient_does_not_raise_the_rate_of_false_alarms():
    """Of 200 sweeps without growth, 10 are expected to show a slope (5%).

    More than 19 do with a probability of 1 in 300.
    """
    slopes = [growth(list(steps_on_varying_host(per_1000_us=0, seed=seed))).slope for seed in range(200)]
    assert sum(not slope.low <= 0 <= slope.high for slope in slopes) <= 19


def sweep_of(services, medians_us):
    return [
        step_of(number, block_p50_us={"end": (median_us,)})
        for number, median_us in zip(services, medians_us, strict=True)
    ]


def test_packets_that_become_faster_with_more_services_allow_no_conclusion():
    found = growth(sweep_of(SERVICES, (100, 99, 60, 101)))
    assert found.slope.high < 0
    assert found.finding("ipvs").conclusion is GrowthConclusion.UNKNOWN


def test_growth_that_could_be_missed_is_judged_at_the_most_services_measured():
    """One us per 1,000 Services is negligible at 1,000 Services and a seventh of the first packet at 10,000."""
    services = (0, 1000, 5000, 10_000, 0)
    assert growth(sweep_of(services, (70, 71, 70, 69, 70))).absent
    imprecise = growth(sweep_of(services, (70, 78, 66, 74, 64)))
    assert imprecise.slope.low < 0 < imprecise.slope.high < 14
    assert not imprecise.absent


def test_the_first_packet_at_zero_services_is_the_median_of_the_steps_at_zero():
    assert growth(sweep_of(SERVICES, (70, 90, 110, 74))).at_zero_us == 72
