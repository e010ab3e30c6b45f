"""Simulated series with a known answer."""

import numpy as np

from harness.measure.level import level_change, shift


def series(seed, *levels, each=15):
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.normal(level, 1.0, each) for level in levels]), generator


def test_a_change_is_found_where_it_is_with_its_size():
    found = level_change(*series(1, 100, 103))
    assert abs(found.at - 15) <= 1
    assert found.by.low <= 3 <= found.by.high
    assert found.p < 0.01


def test_a_step_of_two_standard_deviations_is_found_nearly_always():
    assert sum(level_change(*series(seed, 100, 102)) is not None for seed in range(50)) >= 45


def test_a_level_that_stays_is_no_change():
    """At one false alarm in 100 more than 4 of 100 come less than once in 250 times."""
    assert sum(level_change(*series(seed, 100, 100)) is not None for seed in range(100)) <= 4


def test_a_single_wild_night_is_no_change():
    figures, generator = series(3, 100, 100)
    figures[-1] += 50
    assert level_change(figures, generator) is None


def test_few_figures_tell_nothing():
    assert level_change(*series(1, 0, 100, each=4)) is None
    assert level_change(*series(1, 0, 100, each=5)) is not None


def test_the_interval_of_a_shift_covers_it():
    covered = 0
    for seed in range(200):
        figures, _ = series(seed, 5, 3)
        found = shift(figures[:15], figures[15:])
        covered += found.low <= 2 <= found.high
    assert covered >= 180
