"""How often a series without change seems to have one, and how often a true change is found, by size and kind of noise.

    python benchmarks/false_changes.py

The noise is not the method's own model: heavy tails, drift from night to night, and outliers. Prints a table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.history.changes import level_starts

LENGTHS = (12, 30, 90, 365)
REPEATS = 300
STEPS = (0.0, 2.0, 3.0, 5.0)
"""Sizes of a true change in the middle of a series, in standard deviations of the noise."""

Noise = Callable[[np.random.Generator, int], NDArray[np.float64]]


def gaussian(generator: np.random.Generator, length: int) -> NDArray[np.float64]:
    return generator.normal(size=length)


def heavy_tailed(generator: np.random.Generator, length: int) -> NDArray[np.float64]:
    return generator.standard_t(3, length) / np.sqrt(3)


def correlated(generator: np.random.Generator, length: int) -> NDArray[np.float64]:
    """Return noise of which a fifth carries over to the next night."""
    values = generator.normal(size=length)
    for number in range(1, length):
        values[number] += 0.2 * values[number - 1]
    return values


def with_outliers(generator: np.random.Generator, length: int) -> NDArray[np.float64]:
    values = generator.normal(size=length)
    values[generator.random(length) < 0.05] += 10
    return values


def main() -> None:
    generator = np.random.default_rng(1)
    print(f"{'noise':<16}{'runs':>6}", *(f"{f'change of {step:g}':>14}" for step in STEPS))
    for noise in (gaussian, heavy_tailed, correlated, with_outliers):
        for length in LENGTHS:
            shares = [share_found(noise, length, step, generator) for step in STEPS]
            print(f"{noise.__name__:<16}{length:>6}", *(f"{share:>14.0%}" for share in shares))


def share_found(noise: Noise, length: int, step: float, generator: np.random.Generator) -> float:
    found = 0
    for _ in range(REPEATS):
        values = noise(generator, length)
        values[length // 2 :] += step
        found += bool(level_starts(values.tolist()))
    return found / REPEATS


if __name__ == "__main__":
    main()
