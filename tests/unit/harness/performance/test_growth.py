"""Simulated sweeps with a known answer."""

from dataclasses import replace

import numpy as np

from harness.dataplane.reader import RuleCount
from harness.performance.growth import growth
from harness.performance.sweep.step import Step
from tests.unit.harness.performance.moody import SERVICES, of_a_host_with_moods


def simulated(*, per_1000_us=0.0, at_last_us=0.0, noise_us=4.0, seed=7):
    """Blocks of a sweep that grows by so much, and whose host has become slower by `at_last_us` at its end."""
    generator = np.random.default_rng(seed)
    steps = []
    for number, services in enumerate(SERVICES):
        mean_us = 100 + per_1000_us * services / 1000 + at_last_us * number / (len(SERVICES) - 1)
        blocks = tuple(float(block) for block in generator.normal(mean_us, noise_us, 20))
        steps.append(Step(services, (), {"end": blocks}, RuleCount(0, {}), 0.0))
    return steps


def test_growth_is_told_with_its_size():
    found = growth(simulated(per_1000_us=40)).finding("iptables")
    assert "takes longer by" in found.statement
    assert found.numbers["low_us"] < 40 < found.numbers["high_us"]


def test_no_growth_is_told_as_such():
    found = growth(simulated()).finding("nftables")
    assert "no growth" in found.statement
    assert "would not have been seen" in found.statement


def test_a_host_that_changed_meanwhile_is_no_growth_and_no_absence_of_it():
    found = growth(simulated(at_last_us=-90)).finding("ipvs")
    assert "cannot be told" in found.statement
    assert found.numbers["low_us"] < 0 < found.numbers["high_us"]


def test_a_host_that_drifts_from_step_to_step_is_rarely_taken_for_growth():
    """Of 200 sweeps without growth 5 are expected to show one (a one-sided 2.5%); more than 12, once in 500 times."""
    seen = 0
    for seed in range(200):
        drifts_us = np.random.default_rng(1000 + seed).normal(0, 20, len(SERVICES))
        moved = [
            replace(step, block_p50_us={"end": tuple(block + drift_us for block in step.block_p50_us["end"])})
            for step, drift_us in zip(simulated(seed=seed), drifts_us, strict=True)
        ]
        seen += growth(moved).seen
    assert seen <= 12


def test_a_sweep_too_coarse_to_notice_growth_does_not_say_that_there_is_none():
    found = growth(simulated(at_last_us=25)).finding("nftables")
    assert "cannot be told" in found.statement


def test_one_slow_step_among_the_controls_is_no_growth():
    steps = simulated(per_1000_us=15)
    slow = [
        Step(
            step.services,
            (),
            {"end": tuple(b + 60 * (step.services == 100) for b in step.block_p50_us["end"])},
            step.rules,
            0.0,
        )
        for step in steps
    ]
    assert "cannot be told" in growth(slow).finding("ipvs").statement


def test_growth_is_told_in_spite_of_a_small_change_of_the_host():
    assert "takes longer by" in growth(simulated(per_1000_us=40, at_last_us=5)).finding("iptables").statement


def test_what_moves_with_the_generators_floor_is_no_growth_and_hides_none():
    flat, steep = (list(of_a_host_with_moods(per_1000_us=us)) for us in (0, 15))
    raw = [replace(step, with_baseline_us={}) for step in steep]
    assert "cannot be told" in growth(raw).finding("iptables").statement
    found = growth(steep)
    assert "takes longer by" in found.finding("iptables").statement
    assert found.slope.low < 15 * 1.1 < found.slope.high  # at 1,000 Services the host was slower by a tenth
    assert found.finding("iptables").confidence.endswith("what moved with the generator's floor in the same moments")
    assert growth(flat).absent


def test_a_floor_beside_whose_coefficient_is_estimated_raises_no_false_alarm():
    """Of 200 sweeps without growth 10 are expected to show one (5%); more than 19, once in 300 times."""
    slopes = [growth(list(of_a_host_with_moods(per_1000_us=0, seed=seed))).slope for seed in range(200)]
    assert sum(not slope.low <= 0 <= slope.high for slope in slopes) <= 19


def sweep_of(services, medians_us):
    return [
        Step(number, (), {"end": (median_us,)}, RuleCount(0, {}), 0.0)
        for number, median_us in zip(services, medians_us, strict=True)
    ]


def test_packets_that_become_faster_with_more_services_are_no_proof_of_anything():
    found = growth(sweep_of(SERVICES, (100, 99, 60, 101)))
    assert found.slope.high < 0
    assert "cannot be told" in found.finding("ipvs").statement


def test_what_could_hide_counts_at_the_most_services_that_were_measured():
    """One us per 1,000 Services is nothing at 1,000, and a seventh of the first packet at 10,000."""
    services = (0, 1000, 5000, 10_000, 0)
    assert growth(sweep_of(services, (70, 71, 70, 69, 70))).absent
    coarse = growth(sweep_of(services, (70, 78, 66, 74, 64)))
    assert coarse.slope.low < 0 < coarse.slope.high < 14
    assert not coarse.absent


def test_the_first_packet_at_zero_services_is_that_of_the_steps_at_zero():
    assert growth(sweep_of(SERVICES, (70, 90, 110, 74))).at_zero_us == 72
