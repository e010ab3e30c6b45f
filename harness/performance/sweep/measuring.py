"""Measure one step of a sweep: run the load and turn its result into a `Step`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from harness.dataplane.conntrack import entry_count
from harness.dataplane.reader import ServiceAddress
from harness.load.background import in_background
from harness.load.plan import LoadPlan, LoadResult, Target, TargetBlocks
from harness.load.records import CLOCKS, block_medians_us, paired_counts, to_measurement
from harness.performance.cost_per_rule import Place, Walk, walks
from harness.performance.sweep.positions import Position, choose_positions
from harness.performance.sweep.rounds import run_until_known
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step
from harness.statistics.comparison import Range
from harness.statistics.difference import quantile_difference
from reports.model import Measurement

SAME_NODE = "same node"
OWN_POD = "the generator's own pod"


def measure(
    setting: SweepSetting, plan: SweepPlan, number: int, services: int, programmed_s: float, spare_s: float = 0.0
) -> Step:
    """Measure one step with the present dummy Services; extend it by up to `spare_s` beyond the plan's duration.

    The step's `number` also varies the seed. `services` and `programmed_s` are only recorded.
    """
    before = setting.dataplane.rules_walked(setting.load_node)
    positions = choose_positions(setting.service_addresses, before)
    same_node = Target(SAME_NODE, setting.same_node.address, setting.same_node.port)
    chain_walks: list[Walk] = []
    tracked: list[int] = []

    def run(load: LoadPlan) -> LoadResult:
        with in_background(lambda: _chain_walks(setting, load, before)) as calibration:
            result = setting.generator.run(load)
            # Read at once: entries of reset connections expire after ten seconds (nf_conntrack_tcp_timeout_close).
            tracked.append(entry_count(setting.shell, setting.load_node))
            chain_walks.extend(calibration.result())
        return result

    measured = (*(place.target for place in positions), same_node)
    result, duration_s = run_until_known(run, _load(plan, number, positions, same_node), measured, spare_s)
    after = setting.dataplane.rules_walked(setting.load_node)
    conditions = _conditions(setting, plan, services, number) | {"duration_s": duration_s}
    data = _StepData(positions, same_node, result, after, conditions, np.random.default_rng([plan.seed, number]))
    medians_us = data.medians_us()
    return Step(
        services,
        (*data.measurements(), *(data.aa_measurements() if plan.aa_pairs else ())),
        {label: tuple(blocks.values()) for label, blocks in medians_us.items()},
        setting.dataplane.rule_count(setting.load_node),
        programmed_s,
        duration_s,
        tuple(data.aa_differences()) if plan.aa_pairs else (),
        tuple(walks(list(data.places()))),
        tuple(chain_walks),
        last_above_first=data.difference(positions[-1].target, positions[0].target),
        tracked=max(tracked),
        with_baseline_us={label: tuple(data.with_baseline_us(blocks)) for label, blocks in medians_us.items()},
    ).invalidated(f"{result.lost} of the generator's workers were lost" if result.lost else "")


def _load(plan: SweepPlan, number: int, positions: tuple[Position, ...], same_node: Target) -> LoadPlan:
    targets = [place.target for place in positions]
    if plan.aa_pairs:
        targets += [place.aa_target for place in positions]
    seed = plan.seed + number
    return LoadPlan(
        (*targets, same_node), plan.rate_per_s, plan.duration_s, seed, baseline_s=0.0, baseline_among_targets=True
    )


def _chain_walks(setting: SweepSetting, load: LoadPlan, before: Mapping[ServiceAddress, int]) -> tuple[Walk, ...]:
    """Measure the calibration chain at the places of the load's targets in kube-proxy's chain.

    Return nothing if there is no chain, or if the place of a target is unknown.
    """
    places = [before.get(ServiceAddress(target.address, target.port)) for target in load.targets]
    known = tuple(place for place in places if place is not None)
    if setting.chain is None or len(known) < len(places):
        return ()
    return setting.chain.walk(known, load)


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
    }


@dataclass(frozen=True, slots=True)
class _StepData:
    """The result of a step's load, and the number of rules before each service address `after` it.

    `random` is the generator of bootstrap resamples.
    """

    positions: tuple[Position, ...]
    same_node: Target
    result: LoadResult
    after: Mapping[ServiceAddress, int]
    conditions: dict[str, object]
    random: np.random.Generator

    def measurements(self) -> Iterator[Measurement]:
        """Yield measurements of each position, the Service on the generator's node and the baseline, by each clock."""
        for clock in CLOCKS:
            for place in self.positions:
                yield self._of_place("first_packet", place, place.target, clock)
            walked = self.after.get(ServiceAddress(self.same_node.address, self.same_node.port))
            same_node = {"position": SAME_NODE, "rules_walked": walked, "endpoint": SAME_NODE}
            yield self._measurement("first_packet_near", self.result.of(self.same_node), clock, same_node)
            baseline = {"target": OWN_POD, "endpoint": OWN_POD}
            yield self._measurement("generator_floor", self.result.baseline, clock, baseline)

    def aa_measurements(self) -> Iterator[Measurement]:
        """Yield a measurement of each position under its second label, by the kernel's clock."""
        for place in self.positions:
            yield self._of_place("first_packet_twin", place, place.aa_target, "kernel")

    def _of_place(self, name: str, place: Position, target: Target, clock: str) -> Measurement:
        here = {"position": place.label, "rules_walked": place.rules_walked}
        return self._measurement(
            name, self.result.of(target), clock, here, place.moved(self.after.get(place.service_address))
        )

    def _measurement(
        self, name: str, blocks: TargetBlocks, clock: str, here: Mapping[str, object], flags: tuple[str, ...] = ()
    ) -> Measurement:
        conditions = {**self.conditions, **here, "clock": clock}
        return to_measurement(name, blocks, clock, conditions, self.result, flags, self.random)

    def medians_us(self) -> dict[str, dict[int, float]]:
        """Return the medians of blocks by block number, for each position and the Service on the generator's node."""
        targets = (*(place.target for place in self.positions), self.same_node)
        return {target.label: block_medians_us(self.result.of(target), "kernel") for target in targets}

    def with_baseline_us(self, medians_us: dict[int, float]) -> Iterator[tuple[float, float]]:
        """Yield each median with the baseline's median of the same block, for the blocks that have both."""
        baseline_us = block_medians_us(self.result.baseline, "kernel")
        for number in sorted(medians_us.keys() & baseline_us.keys()):
            yield medians_us[number], baseline_us[number]

    def aa_differences(self) -> Iterator[Range]:
        """Yield the difference of each A/A pair, where enough blocks have samples of both."""
        differences = (self.difference(place.target, place.aa_target) for place in self.positions)
        yield from (difference for difference in differences if difference is not None)

    def difference(self, ours: Target, theirs: Target) -> Range | None:
        """Return the median of `ours` minus that of `theirs`; None if fewer than two blocks have samples of both."""
        pair = paired_counts(self.result.of(ours), self.result.of(theirs), "kernel")
        return quantile_difference(*pair, 0.5, self.random) if len(pair[0].counts) > 1 else None

    def places(self) -> Iterator[Place]:
        """Yield the place of each position; none where service addresses are looked up or the rule has moved."""
        for place in self.positions:
            if place.rules_walked is not None and not place.moved(self.after.get(place.service_address)):
                yield Place(place.rules_walked, block_medians_us(self.result.of(place.target), "kernel"))
