"""Measures the peak memory of a process that computes statistics of ten million samples.

The samples are in blocks as the load workers send them.

    python benchmarks/memory.py [million samples]
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
"""Number of samples of one target in a block."""

DISTINCT = 50
"""Number of different blocks, which are reused: otherwise the random number generator would take most of the time."""


def main() -> None:
    samples = int(float(sys.argv[1] if len(sys.argv) > 1 else MILLIONS) * 1e6)
    generator = np.random.default_rng(1)
    contents = [
        [encode(int(latency_us) for latency_us in generator.gamma(20, 5, EACH)) for _ in CLOCKS]
        for _ in range(DISTINCT)
    ]
    # Each block has its own copy of the text, as if it had been received from a worker.
    blocks = TargetBlocks(
        tuple(
            Block(number, *("".join(list(text)) for text in contents[number % DISTINCT]))
            for number in range(samples // EACH)
        )
    )
    result = LoadResult(samples, 0, 0, 0.1, 0, 0.0, {"a": blocks}, TargetBlocks(()))
    begin_s = time.monotonic()
    measurements = [to_measurement("first_packet", blocks, clock, {}, result, (), generator) for clock in CLOCKS]
    took_s = time.monotonic() - begin_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{measurements[0].n:,} samples, {len(CLOCKS)} clocks: peak {peak_mb:.0f} MB, statistics took {took_s:.1f} s")


if __name__ == "__main__":
    main()
