"""Tests with simulated occasions whose true mean is known."""

import numpy as np
import pytest

from harness.statistics.pooled import pooled

EQUAL = (0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
UNEQUAL = (30.0, 4.0, 0.4, 0.15, 0.07, 0.04)
"""Standard errors as those of the cost per rule from short and from long chains."""


def share_covered(errors, between, runs=400):
    """Return the share of intervals that contain the true mean."""
    covered = 0
    for seed in range(runs):
        generator = np.random.default_rng(seed)
        values = [45 + generator.normal(0, between) + generator.normal(0, error) for error in errors]
        found = pooled(values, errors)
        covered += found.low <= 45 <= found.high
    return covered / runs


@pytest.mark.parametrize("errors", [EQUAL, UNEQUAL, UNEQUAL[:4]], ids=["equal", "unequal", "few"])
@pytest.mark.parametrize("between", [0.0, 0.5, 1.5])
def test_95_of_100_intervals_contain_the_mean_whatever_the_variance_between_occasions(errors, between):
    """At 95%, less than 92% of 400 intervals contain the mean in one of 300 runs of this test."""
    assert share_covered(errors, between) >= 0.92


def test_occasions_that_differ_only_by_chance_give_a_narrow_interval():
    found = pooled([45.0, 45.1, 44.9, 45.05, 44.95, 45.0], EQUAL)
    assert found.value == pytest.approx(45.0)
    assert 0.25 < found.high - found.value < 0.4


def test_an_occasion_with_a_large_error_has_little_weight():
    assert pooled([45.0, 45.2, 44.8, 90.0], [0.2, 0.2, 0.2, 30.0]).value == pytest.approx(45.0, abs=0.1)


def test_occasions_far_apart_give_a_wide_interval():
    found = pooled([40.0, 50.0], [0.1, 0.1])
    assert found.low < 0 < 90 < found.high


def test_a_small_error_does_not_outweigh_the_others_if_occasions_differ():
    assert pooled([40.0, 50.0, 45.0], [0.01, 0.5, 0.5]).value == pytest.approx(45.0, abs=0.2)
