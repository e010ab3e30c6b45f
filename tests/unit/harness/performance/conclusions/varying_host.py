"""A simulated sweep on a host whose speed varies."""

from itertools import cycle

import numpy as np

from tests.fakes.cluster.sweep import step_of

SERVICES = (0, 100, 1000, 0)
SLOWDOWNS = (1.0, 1.3, 1.1, 1.25)


def steps_on_varying_host(*, per_1000_us, seed=7, noise=0.01, steps=SERVICES, base_us=0.0, baseline_varies=True):
    """Yield steps with first packets of 90 us and a loopback baseline of 30 us on a host whose speed varies.

    Latencies are multiplied by a slowdown of up to 1.3 in each step, which varies by 8% from block to block. A part of
    `base_us` of the first packet does not vary with the host, and neither does the baseline unless `baseline_varies`.
    """
    generator = np.random.default_rng(seed)
    for services, slowdown in zip(steps, cycle(SLOWDOWNS)):
        factors = slowdown * generator.normal(1, 0.08, 20)
        blocks = tuple(
            (
                ((90 - base_us + per_1000_us * services / 1000) * factor + base_us) * ours,
                30 * (factor if baseline_varies else 1) * theirs,
            )
            for factor, (ours, theirs) in zip(factors, generator.normal(1, noise, (20, 2)), strict=True)
        )
        medians = {"end": tuple(ours for ours, _ in blocks)}
        yield step_of(services, block_p50_us=medians, with_baseline_us={"end": blocks})
