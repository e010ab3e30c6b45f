"""A fitted line is known best in the middle of its steps."""

import numpy as np
import pytest
import scipy

from harness.statistics.slope import slope_of_steps, slope_with_covariate

SERVICES = [0.0, 0.0, 1.0, 2.0, 5.0, 10.0]
LATENCIES_US = [101.0, 99.0, 108.0, 122.0, 149.0, 202.0]


def test_the_interval_of_a_line_follows_the_textbook():
    line = slope_of_steps(SERVICES, LATENCIES_US)
    x = np.array(SERVICES)
    residuals = np.array(LATENCIES_US) - line.at_zero - line.per_unit * x
    scatter = np.sqrt(residuals @ residuals / 4)
    for at in (0.0, 3.0, 10.0):
        # Draper and Smith 1998, Applied Regression Analysis, 3.1
        half = (
            scipy.stats.t.ppf(0.975, 4) * scatter * np.sqrt(1 / 6 + (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
        )
        found = line.at(at)
        assert found.value == pytest.approx(line.at_zero + line.per_unit * at)
        assert (found.value - found.low, found.high - found.value) == pytest.approx((half, half))


def test_a_covariate_that_does_not_vary_leaves_the_line_as_it_is():
    plain, (found, _) = (
        slope_of_steps(SERVICES, LATENCIES_US),
        slope_with_covariate(SERVICES, LATENCIES_US, [20.0] * 6, 0.6),
    )
    assert found.squares == pytest.approx(plain.squares)
    assert found.at(7.0).low == pytest.approx(plain.at(7.0).low)
