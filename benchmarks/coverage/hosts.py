"""Simulated hosts: how a host's state varies from second to second, and the latencies of a load on it.

No estimator assumes any of this: states change latencies in proportion, last for seconds to minutes, and tails are
heavy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Host = Callable[[np.random.Generator, int], NDArray[np.float64]]
"""Returns a host's state in each of so many seconds: by which share latencies are longer."""

STATE = 0.1
"""The standard deviation of a state that varies, as large as the scatter of latencies within a second."""


def steady(generator: np.random.Generator, seconds: int) -> NDArray[np.float64]:
    return np.zeros(seconds)


def lasting(correlation: float) -> Host:
    """Return a host whose state in a second keeps this share of the state in the second before (AR(1))."""

    def host(generator: np.random.Generator, seconds: int) -> NDArray[np.float64]:
        shocks = generator.normal(0, STATE, seconds)
        states = np.empty(seconds)
        states[0] = shocks[0]
        for second in range(1, seconds):
            states[second] = correlation * states[second - 1] + np.sqrt(1 - correlation**2) * shocks[second]
        return states

    return host


def two_states(generator: np.random.Generator, seconds: int) -> NDArray[np.float64]:
    """Return a host that is a quarter slower in half of the time, for 30 s on average."""
    states, slow, left_s = np.empty(seconds), bool(generator.random() < 0.5), generator.exponential(30)
    for second in range(seconds):
        if left_s <= 0:
            slow, left_s = not slow, generator.exponential(30)
        states[second], left_s = 0.25 * slow, left_s - 1
    return states


def normal_tails(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return generator.normal(0, 0.1, shape)


def heavy_tails(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return scatter of which one latency in a hundred is twice as long (log-normal)."""
    return np.exp(generator.normal(0, 0.3, shape)) - 1


HOSTS: dict[str, tuple[Host, Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]]] = {
    "independent": (steady, normal_tails),
    "heavy tails": (steady, heavy_tails),
    "AR .5 a second": (lasting(0.5), normal_tails),
    "AR .9 a second": (lasting(0.9), normal_tails),
    "AR .97 a second": (lasting(0.97), normal_tails),
    "two states of 30 s": (two_states, normal_tails),
}
"""The hosts by name: how their state varies, and how latencies within a second do."""
