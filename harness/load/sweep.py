"""The sweep: first packet latency to a ClusterIP as the number of Services grows.

One generator pod, endpoints on another node. At each step the fillers are brought to their number, every
node's kernel is seen to hold them, and three of a dozen equal target Services are measured: those whose
rules come first, in the middle and last. Where a rule stands is read from the client's kernel before and
after, because kube-proxy orders rules anew whenever it writes them. Zero is measured first and again last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from clusters.cluster import Node
from clusters.progress import Progress
from clusters.spec import Mode
from harness.dataplane.reader import DataPlane, RuleCount, ServicePort
from harness.kube.client import Kube
from harness.kube.proxies import Proxies
from harness.load.fillers import Fillers, filling
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, LoadResult, Target, TargetBlocks
from harness.measure.histogram import BlockCounts, block_counts, merge
from harness.measure.intervals import quantile, quantile_interval
from reports.model import Measurement

POSITIONS = ("head", "middle", "end")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
CLOCKS = ("kernel", "wall", "corrected")


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Numbers of Services in their order, and how each is measured."""

    services: tuple[int, ...]
    rate_per_s: float
    duration_s: float
    seed: int


@dataclass(frozen=True, slots=True)
class SweepSetting:
    """Where a sweep takes place: the generator, its node, that node's mode, and the fronts of the target Services."""

    kube: Kube
    mode: Mode
    dataplane: DataPlane
    proxies: Proxies
    namespace: str
    generator: LoadGenerator
    load_node: Node
    fronts: tuple[ServicePort, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A target by its place in the chain; `rules_walked` is None where fronts are found by look-up."""

    label: str
    front: ServicePort
    rules_walked: int | None

    def moved(self, now: int | None) -> tuple[str, ...]:
        """The flag of a measurement during which kube-proxy has put the rule elsewhere; nothing if it has not."""
        if now == self.rules_walked:
            return ()
        return (f"moved: the rule stood at {self.rules_walked} before and at {now} after",)


@dataclass(frozen=True, slots=True)
class Step:
    """One number of Services: what was measured, how much the kernel held, how long programming took."""

    services: int
    measurements: tuple[Measurement, ...]
    block_p50_us: dict[str, tuple[float, ...]]
    rules: RuleCount
    programmed_s: float


@contextmanager
def sweep(setting: SweepSetting, plan: SweepPlan, progress: Progress) -> Iterator[Iterator[Step]]:
    """Every step in order, each taken when it is asked for; at the block's end no kernel holds a filler any more."""
    with filling(setting.kube, setting.dataplane, setting.proxies, setting.namespace) as fillers:
        yield _steps(setting, plan, fillers, progress)


def _steps(setting: SweepSetting, plan: SweepPlan, fillers: Fillers, progress: Progress) -> Iterator[Step]:
    for number, services in enumerate(plan.services):
        progress.step(f"{services} Services")
        programmed_s = fillers.bring_to(services)
        progress.note(f"in every kernel after {programmed_s:.1f} s")
        yield measure(setting, plan, number, services, programmed_s)


def measure(setting: SweepSetting, plan: SweepPlan, number: int, services: int, programmed_s: float) -> Step:
    """One step with the fillers as they are; `number` varies the seed, the rest is for the record."""
    before = choose_positions(setting.fronts, setting.dataplane.rules_walked(setting.load_node))
    result = setting.generator.run(
        LoadPlan(
            tuple(Target(place.label, place.front.address, place.front.port) for place in before),
            plan.rate_per_s,
            plan.duration_s,
            seed=plan.seed + number,
        )
    )
    after = setting.dataplane.rules_walked(setting.load_node)
    generator = np.random.default_rng([plan.seed, number])
    rules = setting.dataplane.rule_count(setting.load_node)
    conditions = _conditions(setting, plan, services, number)
    measurements, medians = [], {}
    for place in before:
        blocks = result.targets[place.label]
        medians[place.label] = tuple(_medians(block_counts(blocks.histograms("kernel"))))
        moved = place.moved(after.get(place.front))
        for clock in CLOCKS:
            conditions_here = {
                **conditions,
                "position": place.label,
                "rules_walked": place.rules_walked,
                "clock": clock,
            }
            measurements.append(
                to_measurement("first_packet", blocks, clock, conditions_here, result, moved, generator)
            )
    measurements.append(_floor(result, conditions, generator))
    return Step(services, tuple(measurements), medians, rules, programmed_s)


def choose_positions(fronts: tuple[ServicePort, ...], rules_walked: Mapping[ServicePort, int]) -> tuple[Position, ...]:
    """The fronts that come first, in the middle and last of all `fronts` given."""
    places = [(front, rules_walked.get(front)) for front in fronts]
    places.sort(key=lambda place: -1 if place[1] is None else place[1])
    chosen = (places[0], places[len(places) // 2], places[-1])
    return tuple(Position(label, *place) for label, place in zip(POSITIONS, chosen, strict=True))


def to_measurement(
    name: str,
    blocks: TargetBlocks,
    clock: str,
    conditions: dict[str, object],
    result: LoadResult,
    flags: tuple[str, ...],
    generator: np.random.Generator,
) -> Measurement:
    """One clock of one target as a record with quantiles and their intervals."""
    encoded = blocks.histograms(clock)
    counts = block_counts(encoded)
    if blocks.retransmitted:
        flags = (*flags, f"left out: {blocks.retransmitted} connections whose SYN was sent more than once")
    if blocks.errors:
        words = ", ".join(f"{number} x {failure}" for failure, number in blocks.errors.items())
        flags = (*flags, f"failed connections: {words}")
    errors = sum(blocks.errors.values())
    if not counts.n:
        return Measurement(name, "us", conditions, 0, errors, {}, {}, "", (*flags, "no sample at all"))
    return Measurement(
        name=name,
        unit="us",
        conditions=conditions,
        n=counts.n,
        errors=errors,
        quantiles={label: quantile(counts, q) for label, q in QUANTILES.items()},
        ci95={label: quantile_interval(counts, q, generator) for label, q in QUANTILES.items()},
        histogram=merge(encoded),
        flags=flags if clock == "kernel" else (*flags, *result.flags),
    )


def _floor(result: LoadResult, conditions: dict[str, object], generator: np.random.Generator) -> Measurement:
    """The same users against a listener of their own pod."""
    return to_measurement(
        "generator_floor", result.floor, "wall", {**conditions, "clock": "wall"}, result, (), generator
    )


def _medians(counts: BlockCounts) -> Iterator[float]:
    for row in counts.counts:
        if row.any():
            yield quantile(BlockCounts(counts.values_us, row[None, :]), 0.5)


def _conditions(setting: SweepSetting, plan: SweepPlan, services: int, number: int) -> dict[str, object]:
    cluster = setting.kube.cluster
    return {
        "mode": str(setting.mode),
        "substrate": str(cluster.substrate),
        "services": services,
        "step": number,
        "target": "ClusterIP",
        "connection": "new",
        "endpoint": "other node",
        "rate_per_s": plan.rate_per_s,
        "duration_s": plan.duration_s,
    }
