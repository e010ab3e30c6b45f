"""The rows of the table: an estimator on a kind of data whose true value is known.

A row's `covered` simulates one run and returns whether the interval contains the true value; None if the estimator
says that the data cannot carry the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage.hosts import HOSTS
from harness.load.records import MOST_SLICES
from harness.performance.comparison.break_even import ModeCost, Pair
from harness.performance.conclusions.self_check import check_cost_per_rule
from harness.performance.conclusions.swept import swept_steps
from harness.statistics.comparison import Range
from harness.statistics.difference import difference
from harness.statistics.histogram import BlockCounts
from harness.statistics.line import drawn_lines
from harness.statistics.quantiles import clustered_interval, quantile_interval
from reports.model import Conditions, Measurement, MeasurementName
from reports.model.quantiles import QUANTILES

PER_S = 50
"""Connections per second to one target: those of a sweep on a host."""

UNTRACKED_US, SERVICE_US = 70.0, 140.0
RULE_US = 0.05
STEPS = (0, 100, 1000, 3000, 5000, 8000, 10000, 8000, 5000, 3000, 1000, 0)
"""The numbers of Services of a whole sweep, up and down."""

RULES_PER_SERVICE = 2


@dataclass(frozen=True, slots=True)
class Row:
    """An estimator, the data it is tried on, one trial, and the share of trials that should hold."""

    estimator: str
    data: str
    covered: Callable[[np.random.Generator], bool | None]
    goal: tuple[float, float] = (0.93, 0.97)


def rows() -> Iterator[Row]:
    for name in HOSTS:
        for seconds in (150, 20):
            for label in ("p50", "p99"):
                yield _quantile_row(name, seconds, label)
    for name in HOSTS:
        for seconds in (150, 20):
            yield _difference_row(name, seconds)
    for name, scatter in SCATTERS.items():
        yield _line_row(name, scatter)
    for data, drift in (("a steady host", 0.0), ("a host that drifts by 10% from step to step", 0.1)):
        yield _break_even_row(data, drift)
    yield _requests_row("requests that take 16% longer in some runs", 0.02, 0.16)
    yield _check_row("equal costs pass", 0.0, passes=True)
    yield _check_row("a difference of 2 ns fails", 0.002, passes=False)
    yield _check_row("a difference of 5 ns fails", 0.005, passes=False)
    for jams in (0.0, 0.05, 0.3):
        for label in QUANTILES:
            yield _programming_row(jams, label)


def _quantile_row(name: str, seconds: int, label: str) -> Row:
    """A quantile, and the truth: the quantile of the host in these seconds, from 200 times as many samples."""

    def covered(generator: np.random.Generator) -> bool | None:
        states = HOSTS[name][0](generator, seconds)
        latencies_us = _latencies(generator, name, states, SERVICE_US, PER_S)
        found = quantile_interval(_parts(np.rint(latencies_us)), QUANTILES[label])
        truth = np.quantile(_latencies(generator, name, states, SERVICE_US, 200 * PER_S), QUANTILES[label])
        return _contains(found, float(truth))

    return Row(f"{label} of {seconds} s, in these seconds", name, covered)


def _difference_row(name: str, seconds: int) -> Row:
    """The difference of two targets, and the truth: that of the host in these seconds."""

    def covered(generator: np.random.Generator) -> bool | None:
        states = HOSTS[name][0](generator, seconds)
        ours, theirs = (
            quantile_interval(_parts(np.rint(_latencies(generator, name, states, us, PER_S))), 0.5)
            for us in (SERVICE_US, UNTRACKED_US)
        )
        true_ours, true_theirs = (
            np.median(_latencies(generator, name, states, us, 200 * PER_S)) for us in (SERVICE_US, UNTRACKED_US)
        )
        return _contains(ours and theirs and difference(ours, theirs), float(true_ours - true_theirs))

    return Row(f"difference of two medians, {seconds} s", name, covered)


Scatter = Callable[[np.random.Generator, NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Returns the rules traversed in each step, and the microseconds that they took, for these numbers of Services."""


def _flat(generator: np.random.Generator, services: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    return services, generator.normal(0, 1, len(services))


def _alike(generator: np.random.Generator, services: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    rules = RULES_PER_SERVICE * services
    return rules, RULE_US * rules + generator.normal(0, 1, len(services))


def _in_proportion(generator: np.random.Generator, services: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    rules = RULES_PER_SERVICE * services
    return rules, (UNTRACKED_US + RULE_US * rules) * (1 + generator.normal(0, 0.005, len(services)))


def _per_rule(generator: np.random.Generator, services: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    rules = RULES_PER_SERVICE * services
    costs = RULE_US * (1 + generator.normal(0, 0.04, len(services)))
    return rules, costs * rules + generator.normal(0, 0.5, len(services))


def _places(generator: np.random.Generator, services: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The last of twelve Services has a random place in the chain of the client's node."""
    rules = services * (1 + generator.random((12, len(services))).max(axis=0))
    return rules, RULE_US * rules + generator.normal(0, 1, len(services))


SCATTERS = {
    "no growth": _flat,
    "the same scatter in all steps": _alike,
    "scatter of 0.5% of the level": _in_proportion,
    "cost per rule +-4% from step to step": _per_rule,
    "random places in the chain": _places,
}


def _line_row(name: str, scatter: Scatter) -> Row:
    def covered(generator: np.random.Generator) -> bool | None:
        rules, us = scatter(generator, np.array(STEPS, dtype=float))
        return _contains(
            drawn_lines(rules.tolist(), us.tolist(), generator).slope, 0.0 if scatter is _flat else RULE_US
        )

    return Row("slope of a whole sweep", name, covered)


BREAK_EVEN, ONE_PERCENT = 500, 1777.5
"""From how many Services on a first packet takes less time in the simulated mode `FLAT`, and a request by 1%, if one of
ten connects anew."""

KEPT_US = 500.0

STEEP, FLAT = ("iptables", 20.0, 0.04), ("nftables", 40.0, 0.0)
"""The modes: what a Service costs at zero Services, and how much more with each, both in microseconds."""


def _break_even_row(data: str, drift: float) -> Row:
    """Two runs, each above its control; the host drifts from step to step."""

    def covered(generator: np.random.Generator) -> bool | None:
        costs = [_mode_cost(generator, mode, drift) for mode in (STEEP, FLAT)]
        return _contains(Pair(*costs, generator).break_even(1.0).services, BREAK_EVEN)

    return Row("break-even of two modes", data, covered)


def _requests_row(data: str, drift: float, kept_share: float) -> Row:
    """The same for whole requests, one of ten on a new connection, whose duration differs from run to run."""

    def covered(generator: np.random.Generator) -> bool | None:
        costs = [_mode_cost(generator, mode, drift, kept_share) for mode in (STEEP, FLAT)]
        return _contains(Pair(*costs, generator).break_even(0.1, 0.01).services, ONE_PERCENT)

    return Row("break-even of requests", data, covered)


def _mode_cost(
    generator: np.random.Generator, mode: tuple[str, float, float], drift: float, kept_share: float = 0.0
) -> ModeCost:
    name, at_zero_us, per_service_us = mode
    speeds = 1 + generator.normal(0, drift, len(STEPS))
    costs_us = (at_zero_us + per_service_us * np.array(STEPS)) * speeds + generator.normal(0, 1, len(STEPS))
    packets = tuple((services, UNTRACKED_US + float(us)) for services, us in zip(STEPS, costs_us, strict=True))
    return ModeCost(name, packets, KEPT_US * (1 + generator.normal(0, kept_share)))


CHAIN_STEPS = tuple(services for services in STEPS if services >= 1000)


def _check_row(data: str, apart_us: float, *, passes: bool) -> Row:
    """The self-check of the cost per rule: both costs vary by 10% from step to step alike, and by 1.5 ns apart."""

    def covered(generator: np.random.Generator) -> bool | None:
        measured = []
        for number, services in enumerate(CHAIN_STEPS):
            rule_us = RULE_US * generator.normal(1, 0.1)
            chain_us = rule_us - apart_us + generator.normal(0, 0.0015)
            measured += _chain_step(number, services, rule_us, chain_us)
        return check_cost_per_rule(swept_steps(measured)).holds is passes

    return Row("self-check of the cost per rule", data, covered, goal=(0.8, 1.0))


def _chain_step(number: int, services: int, rule_us: float, chain_us: float) -> Iterator[Measurement]:
    for rules, position in ((0, "head"), (services, "end")):
        for name, us in (("first_packet", 100 + rule_us * rules), ("calibration_chain", 40 + chain_us * rules)):
            yield Measurement(
                name=MeasurementName(name),
                unit="us",
                conditions=Conditions(
                    services=services,
                    step=number,
                    clock="kernel",
                    position=position,
                    rules_walked=rules,
                    rules_walked_after=rules,
                ),
                n=1000,
                errors=0,
                quantiles={"p50": us},
                ci95={"p50": (us - 1, us + 1)},
            )


BATCHES, TOGETHER = 40, 5


def _programming_row(jams: float, label: str) -> Row:
    """Changes whose latency depends on their moment between two syncs; in a jam a whole batch is late."""
    q = QUANTILES[label]
    truth = float(np.quantile(_changes(np.random.default_rng(0), jams, 200_000), q))

    def covered(generator: np.random.Generator) -> bool | None:
        return _contains(clustered_interval(_counted(_changes(generator, jams, BATCHES)), q), truth)

    return Row(f"{label} of {BATCHES * TOGETHER} changes", f"{jams:.0%} of batches jammed", covered)


def _changes(generator: np.random.Generator, jams: float, batches: int) -> NDArray[np.float64]:
    """Return latencies in ms, with shape (batches, changes)."""
    late_ms = (generator.random((batches, 1)) < jams) * generator.uniform(200, 1500, (batches, 1))
    return np.rint(generator.uniform(20, 1000, (batches, TOGETHER)) + generator.normal(0, 5, (batches, 1)) + late_ms)


def _latencies(
    generator: np.random.Generator, name: str, states: NDArray[np.float64], us: float, per_s: int
) -> NDArray[np.float64]:
    """Return the latencies of a target in microseconds, with shape (seconds, per_s)."""
    scatter = HOSTS[name][1](generator, (len(states), per_s))
    return np.asarray(us * (1 + states[:, None]) * (1 + scatter), dtype=np.float64)


def _parts(latencies_us: NDArray[np.float64]) -> BlockCounts:
    """Divide the seconds into time slices as a measurement does."""
    return _counted(np.array_split(latencies_us, min(MOST_SLICES, len(latencies_us))))


def _counted(parts: NDArray[np.float64] | list[NDArray[np.float64]]) -> BlockCounts:
    values = np.unique(np.concatenate([part.ravel() for part in parts]))
    counts = [np.bincount(np.searchsorted(values, part.ravel()), minlength=len(values)) for part in parts]
    return BlockCounts(values, np.array(counts))


def _contains(found: Range | None, truth: float) -> bool | None:
    return None if found is None else found.low <= truth <= found.high
