"""How much memory a run's process takes with ten million samples: blocks as workers tell them, and what comes of them.

Usage: python benchmarks/memory.py [million samples]
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from harness.load.plan import Block, LoadResult, TargetBlocks
from harness.load.records import CLOCKS, to_measurement
from harness.statistics.histogram import encode

MILLIONS = 10
EACH = 1000
"""Samples in a block of one target."""

KINDS = 50
"""Different blocks, used again and again: to make each anew would be measuring the random numbers."""


def main() -> None:
    samples = int(float(sys.argv[1] if len(sys.argv) > 1 else MILLIONS) * 1e6)
    generator = np.random.default_rng(1)
    kinds = [
        [encode(int(latency_us) for latency_us in generator.gamma(20, 5, EACH)) for _ in CLOCKS] for _ in range(KINDS)
    ]
    # Each block holds text of its own, as it would from the wire.
    blocks = TargetBlocks(
        tuple(
            Block(number, *("".join(list(text)) for text in kinds[number % KINDS])) for number in range(samples // EACH)
        )
    )
    result = LoadResult(samples, 0, 0, 0.1, 0, 0.0, {"a": blocks}, TargetBlocks(()))
    begin_s = time.monotonic()
    found = [to_measurement("first_packet", blocks, clock, {}, result, (), generator) for clock in CLOCKS]
    took_s = time.monotonic() - begin_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{found[0].n:,} samples by {len(CLOCKS)} clocks: {peak_mb:.0f} MB at the most, {took_s:.1f} s of statistics")


if __name__ == "__main__":
    main()
