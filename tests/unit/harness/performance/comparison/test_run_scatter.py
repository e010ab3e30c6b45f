from collections import Counter

import numpy as np
import pytest

from harness.performance.comparison.break_even import ModeCost, Pair
from harness.performance.comparison.run_scatter import RunScatter, offsets_us, pooled, run_scatter

SERVICES = (0, 500, 1000, 2000, 0)


def run(mode, fixed_us, per_1000_us=0.0, services=SERVICES):
    return ModeCost(mode, tuple((n, fixed_us + per_1000_us * n / 1000) for n in services), 500.0)


def test_runs_are_compared_at_the_same_growth_even_with_other_numbers_of_services():
    assert offsets_us([run("iptables", 100, 40), run("iptables", 110, 40, (0, 5000, 10000, 0))]) == pytest.approx(
        [-5.0, 5.0]
    )


def test_the_scatter_is_pooled_over_modes_and_unknown_without_repeated_runs():
    repeated = {"ipvs": [run("ipvs", 280), run("ipvs", 300)], "nftables": [run("nftables", 276), run("nftables", 276)]}
    found = run_scatter(repeated)
    assert (found.us, found.freedom) == (pytest.approx(10.0), 2)
    assert run_scatter({mode: runs[:1] for mode, runs in repeated.items()}) == RunScatter(0.0, 0)


def test_intervals_of_repeated_runs_hold_what_they_say():
    """Modes that are alike, of two runs each, whose levels differ from run to run: 95 of 100 intervals contain 0."""
    generator = np.random.default_rng(5)

    def noisy(mode):
        level_us = generator.normal(300, 8)
        return ModeCost(mode, tuple((n, level_us + generator.normal(0, 5)) for n in SERVICES), 500.0)

    held = Counter()
    for _ in range(300):
        runs = {mode: [noisy(mode), noisy(mode)] for mode in ("ipvs", "nftables")}
        scatter = run_scatter(runs)
        difference = Pair(*(pooled(found, scatter) for found in runs.values()), generator).longer_us(0)
        held[difference.low <= 0 <= difference.high] += 1
    assert held[True] / 300 > 0.92
