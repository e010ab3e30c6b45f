"""A simulated sweep on a host with moods."""

import numpy as np

from harness.dataplane.reader import RuleCount
from harness.load.step import Step

SERVICES = (0, 100, 1000, 0)
SLOWER = (1.0, 1.3, 1.1, 1.25)


def of_a_host_with_moods(*, per_1000_us, seed=7, noise=0.01):
    """First packets of 90 us and a floor of 30, and a host that makes all of it slower by up to a third and back."""
    generator = np.random.default_rng(seed)
    for services, slower in zip(SERVICES, SLOWER, strict=True):
        beside = tuple(
            ((90 + per_1000_us * services / 1000) * slower * ours, 30 * slower * theirs)
            for ours, theirs in generator.normal(1, noise, (20, 2))
        )
        medians = {"end": tuple(ours for ours, _ in beside)}
        yield Step(services, (), medians, RuleCount(0, {}), 0.0, beside_floor_us={"end": beside})
