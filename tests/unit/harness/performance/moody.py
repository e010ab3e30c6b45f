"""A simulated sweep on a host with moods."""

from itertools import cycle

import numpy as np

from harness.dataplane.reader import RuleCount
from harness.performance.sweep.step import Step

SERVICES = (0, 100, 1000, 0)
SLOWER = (1.0, 1.3, 1.1, 1.25)


def of_a_host_with_moods(*, per_1000_us, seed=7, noise=0.01, steps=SERVICES, base_us=0.0, baseline_knows=True):
    """First packets of 90 us and a floor of 30, and a host that makes all of it slower by up to a third and back, and
    by some percent from one moment to the next; but for `base_us` of a first packet, and the floor only if it knows."""
    generator = np.random.default_rng(seed)
    for services, slower in zip(steps, cycle(SLOWER)):
        moods = slower * generator.normal(1, 0.08, 20)
        beside = tuple(
            (
                ((90 - base_us + per_1000_us * services / 1000) * mood + base_us) * ours,
                30 * (mood if baseline_knows else 1) * theirs,
            )
            for mood, (ours, theirs) in zip(moods, generator.normal(1, noise, (20, 2)), strict=True)
        )
        medians = {"end": tuple(ours for ours, _ in beside)}
        yield Step(services, (), medians, RuleCount(0, {}), 0.0, with_baseline_us={"end": beside})
