import numpy as np
import pytest

from harness.measure.contrast import Range
from harness.measure.detectable import minimal_detectable_effect, samples_needed, standard_error


def mean_of(generator, samples, effect=0.0):
    values = generator.normal(effect, 1.0, samples)
    half = 1.96 / np.sqrt(samples)
    return Range(float(values.mean()), float(values.mean() - half), float(values.mean() + half))


def test_a_95_percent_interval_is_four_standard_errors_wide():
    assert standard_error(Range(0.0, -1.96, 1.96)) == pytest.approx(1.0, abs=0.001)


def test_the_minimal_detectable_effect_is_detected_in_80_of_100_runs():
    generator = np.random.default_rng(1)
    effect = minimal_detectable_effect(mean_of(generator, 100))
    seen = sum(mean_of(generator, 100, effect).low > 0 for _ in range(1000))
    assert 760 <= seen <= 840


def test_as_many_samples_as_needed_show_the_effect_in_80_of_100_runs():
    generator = np.random.default_rng(2)
    needed = samples_needed(mean_of(generator, 100), 100, effect=0.1)
    assert needed == pytest.approx(785, abs=1)
    assert 760 <= sum(mean_of(generator, needed, 0.1).low > 0 for _ in range(1000)) <= 840
