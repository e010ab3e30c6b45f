"""Occasions with a known mean."""

import numpy as np
import pytest

from harness.statistics.pooled import pooled

ALIKE = (0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
UNLIKE = (30.0, 4.0, 0.4, 0.15, 0.07, 0.04)
"""As when a short and a long walk tell what a rule costs."""


def share_held(errors, between, runs=400):
    """Of so many intervals, the share that holds the truth."""
    held = 0
    for seed in range(runs):
        generator = np.random.default_rng(seed)
        values = [45 + generator.normal(0, between) + generator.normal(0, error) for error in errors]
        found = pooled(values, errors)
        held += found.low <= 45 <= found.high
    return held / runs


@pytest.mark.parametrize("errors", [ALIKE, UNLIKE, UNLIKE[:4]], ids=["alike", "unlike", "few"])
@pytest.mark.parametrize("between", [0.0, 0.5, 1.5])
def test_95_of_100_intervals_hold_the_mean_whatever_lies_between_occasions(errors, between):
    """Of 400 at 95% fewer than 92 of 100 would do so once in 300 times."""
    assert share_held(errors, between) >= 0.92


def test_occasions_that_differ_by_chance_alone_are_told_as_finely_as_their_samples_allow():
    found = pooled([45.0, 45.1, 44.9, 45.05, 44.95, 45.0], ALIKE)
    assert found.value == pytest.approx(45.0)
    assert 0.25 < found.high - found.value < 0.4


def test_an_occasion_that_hardly_knows_hardly_counts():
    assert pooled([45.0, 45.2, 44.8, 90.0], [0.2, 0.2, 0.2, 30.0]).value == pytest.approx(45.0, abs=0.1)


def test_occasions_far_apart_are_told_by_a_wide_interval():
    found = pooled([40.0, 50.0], [0.1, 0.1])
    assert found.low < 0 < 90 < found.high


def test_no_occasion_outweighs_the_others_by_knowing_itself_where_all_of_them_differ():
    assert pooled([40.0, 50.0, 45.0], [0.01, 0.5, 0.5]).value == pytest.approx(45.0, abs=0.2)
