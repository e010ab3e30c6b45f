"""Tests with simulated sweeps whose true line is known."""

import numpy as np
import pytest

from harness.statistics.line import drawn_lines

SERVICES = (0, 100, 1000, 3000, 5000, 8000, 10000, 8000, 5000, 3000, 1000, 0)


def held(runs, scatter, slope=0.05):
    """Yield whether the interval contains the slope; `scatter` returns the steps' errors in us by their levels in us."""
    levels_us = 70 + slope * np.array(SERVICES)
    for seed in range(runs):
        generator = np.random.default_rng(seed)
        lines = drawn_lines(SERVICES, levels_us + scatter(generator, levels_us), generator)
        yield lines.slope.low <= slope <= lines.slope.high


def alike(generator, levels_us):
    return generator.normal(0, 1, len(levels_us))


def in_proportion(generator, levels_us):
    return levels_us * generator.normal(0, 0.02, len(levels_us))


@pytest.mark.parametrize("scatter", [alike, in_proportion])
def test_the_interval_of_a_slope_holds_also_if_the_scatter_grows(scatter):
    """At 95%, fewer than 88 of 100 intervals contain the true slope in less than one of 500 runs of this test."""
    assert sum(held(100, scatter)) >= 88


def test_a_sweep_without_growth_rarely_seems_to_grow():
    assert sum(held(100, alike, slope=0.0)) >= 88


def test_a_line_has_an_interval_at_every_number_of_services():
    generator = np.random.default_rng(4)
    lines = drawn_lines(SERVICES, 70 + 0.05 * np.array(SERVICES) + alike(generator, np.array(SERVICES)), generator)
    assert lines.at(0).low <= 70 <= lines.at(0).high
    assert lines.at(10_000).value == pytest.approx(570, abs=5)
    beyond, within = lines.at(30_000), lines.at(5_000)
    assert beyond.high - beyond.low > within.high - within.low


def test_equal_seeds_give_equal_lines():
    first, again = (drawn_lines([0, 1, 2, 3], [1.0, 2.0, 2.5, 4.0], np.random.default_rng(1)) for _ in range(2))
    assert first.slope == again.slope


def test_three_steps_leave_no_scatter():
    with pytest.raises(AssertionError, match="3 steps, expected were at least 4"):
        drawn_lines([0, 1, 2], [1.0, 2.0, 3.0], np.random.default_rng(1))
