"""Changes of level in series with known changes."""

import numpy as np
import pytest

from harness.history.changes import level_starts


def series(*levels, length=20, noise=1.0, seed=1):
    generator = np.random.default_rng(seed)
    return [float(value) for level in levels for value in generator.normal(level, noise, length)]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_change_is_found_whatever_the_unit(scale):
    values = [scale * value for value in series(100.0, 110.0)]
    assert level_starts(values) == [20]


def test_several_changes_are_found_in_order():
    assert level_starts(series(100.0, 110.0, 95.0)) == [20, 40]


def test_a_series_without_change_has_one_level():
    assert level_starts(series(100.0, length=200)) == []


def test_an_outlier_is_no_change():
    values = series(100.0, length=40)
    values[20] = 1e6
    assert level_starts(values) == []


def test_equal_values_have_one_level_and_a_step_between_them_two():
    assert level_starts([5.0] * 30) == []
    assert level_starts([5.0] * 15 + [6.0] * 15) == [15]


def test_a_short_series_has_no_changes():
    assert level_starts([]) == []
    assert level_starts([1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0]) == []
