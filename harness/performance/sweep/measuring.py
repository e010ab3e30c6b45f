"""Measure one step of a sweep: run the load and turn its result into a `Step`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.dataplane.conntrack import entry_count
from harness.dataplane.reader import ServiceAddress
from harness.load.background import in_background
from harness.load.plan import LoadPlan, LoadResult, Target
from harness.load.records import CLOCKS, block_medians_us, to_measurement
from harness.performance.cost_per_rule import Place, Walk, walks
from harness.performance.sweep.positions import Position, choose_positions
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step, StepCost, StepLatencies
from harness.statistics.comparison import Range
from harness.statistics.difference import difference
from harness.statistics.stored import median_of
from reports.model import Conditions, Measurement, MeasurementName

SAME_NODE, CONTROL = "same node", "control"
OWN_POD = "the generator's own pod"


def measure(setting: SweepSetting, plan: SweepPlan, number: int) -> Step:
    """Measure step `number` of the plan, whose dummy Services must exist already; the number also varies the seed.

    Of its cost, the step has what the node's kernel held; the caller adds what came before the measurement.
    """
    access, node, targets = setting.access, setting.origin.node, setting.targets
    before = access.dataplane.rules_walked(node)
    positions = choose_positions(targets.service_addresses, before)
    same_node = Target(SAME_NODE, targets.same_node.address, targets.same_node.port)
    control = None if targets.control is None else Target(CONTROL, targets.control.address, targets.control.port)
    load = _load(plan, number, positions, (same_node,) if control is None else (same_node, control))
    with in_background(lambda: _chain_walks(setting, load, before)) as calibration:
        result = setting.origin.generator.run(load)
        # Read at once: entries of reset connections expire after ten seconds (nf_conntrack_tcp_timeout_close).
        tracked = entry_count(access.shell, node)
        chain_walks = calibration.result()
    data = _StepData(
        positions=positions,
        same_node=same_node,
        control=control,
        result=result,
        after=access.dataplane.rules_walked(node),
        conditions=_conditions(setting, plan, number),
        with_aa_pairs=plan.aa_pairs,
    )
    measurements = tuple(data.measurements())
    return Step(
        services=plan.services[number],
        measurements=measurements,
        latencies=data.latencies(measurements, chain_walks),
        cost=StepCost(rules=access.dataplane.rule_count(node), tracked=tracked),
        duration_s=plan.duration_s,
    ).invalidated(f"the generator lost {result.lost} of its workers" if result.lost else "")


def _load(plan: SweepPlan, number: int, positions: tuple[Position, ...], others: tuple[Target, ...]) -> LoadPlan:
    targets = [place.target for place in positions]
    if plan.aa_pairs:
        targets += [place.aa_target for place in positions]
    seed = plan.seed + number
    return LoadPlan(
        (*targets, *others),
        plan.rate_per_s,
        plan.duration_s,
        seed,
        baseline_s=0.0,
        baseline_among_targets=True,
        separate_source_ports=True,
    )


def _chain_walks(setting: SweepSetting, load: LoadPlan, before: Mapping[ServiceAddress, int]) -> tuple[Walk, ...]:
    """Measure the calibration chain at the places of the load's Services in kube-proxy's chain.

    Return nothing if there is no chain, or if the place of a target is unknown.
    """
    services = [target for target in load.targets if target.label != CONTROL]
    places = [before.get(ServiceAddress(target.address, target.port)) for target in services]
    known = tuple(place for place in places if place is not None)
    if setting.chain is None or len(known) < len(places):
        return ()
    return setting.chain.walk(known, load)


def _conditions(setting: SweepSetting, plan: SweepPlan, number: int) -> Conditions:
    return Conditions(
        mode=str(setting.origin.mode),
        substrate=str(setting.access.kube.cluster.substrate),
        services=plan.services[number],
        step=number,
        target="ClusterIP",
        connection="new",
        endpoint="other node",
        rate_per_s=plan.rate_per_s,
        duration_s=plan.duration_s,
    )


@dataclass(frozen=True, slots=True)
class _StepData:
    """The result of a step's load, and the number of rules before each service address `after` it."""

    positions: tuple[Position, ...]
    same_node: Target
    control: Target | None
    result: LoadResult
    after: Mapping[ServiceAddress, int]
    conditions: Conditions
    with_aa_pairs: bool

    def measurements(self) -> Iterator[Measurement]:
        """Yield measurements of each position, the Service on the generator's node and the baseline, by each clock.

        Then yield a measurement of each position under the second label of its A/A pair, if there are any, by the
        kernel's clock.
        """
        for clock in CLOCKS:
            for place in self.positions:
                yield self._of_place(MeasurementName.FIRST_PACKET, place, place.target, clock)
            yield self._of_same_node(clock)
            if self.control is not None:
                yield self._of_control(self.control, clock)
            yield self._of_baseline(clock)
        if self.with_aa_pairs:
            for place in self.positions:
                yield self._of_place(MeasurementName.FIRST_PACKET_AA, place, place.aa_target, "kernel")

    def _of_place(self, name: MeasurementName, place: Position, target: Target, clock: str) -> Measurement:
        here = replace(self.conditions, position=place.label, rules_walked=place.rules_walked, clock=clock)
        moved = place.moved(self.after.get(place.service_address))
        return to_measurement(name, self.result.of(target), clock, here, self.result, moved)

    def _of_same_node(self, clock: str) -> Measurement:
        walked = self.after.get(ServiceAddress(self.same_node.address, self.same_node.port))
        here = replace(self.conditions, position=SAME_NODE, rules_walked=walked, endpoint=SAME_NODE, clock=clock)
        blocks, name = self.result.of(self.same_node), MeasurementName.FIRST_PACKET_SAME_NODE
        return to_measurement(name, blocks, clock, here, self.result)

    def _of_control(self, control: Target, clock: str) -> Measurement:
        here = replace(self.conditions, target="pod, untracked", clock=clock)
        name = MeasurementName.FIRST_PACKET_UNTRACKED
        return to_measurement(name, self.result.of(control), clock, here, self.result)

    def _of_baseline(self, clock: str) -> Measurement:
        here = replace(self.conditions, target=OWN_POD, endpoint=OWN_POD, clock=clock)
        blocks, name = self.result.baseline, MeasurementName.BASELINE
        return to_measurement(name, blocks, clock, here, self.result)

    def latencies(self, measurements: Sequence[Measurement], chain_walks: tuple[Walk, ...]) -> StepLatencies:
        """Return the medians and differences of the step, with those of the calibration chain."""
        medians_us = self._medians_us()
        positions, again = (
            [_position(measurements, name, place.label) for place in self.positions]
            for name in (MeasurementName.FIRST_PACKET, MeasurementName.FIRST_PACKET_AA)
        )
        differences = [_difference(*pair) for pair in zip(positions, again, strict=True)]
        return StepLatencies(
            block_p50_us={label: tuple(blocks.values()) for label, blocks in medians_us.items()},
            with_baseline_us={label: tuple(self._with_baseline_us(blocks)) for label, blocks in medians_us.items()},
            aa_pairs=tuple(found for found in differences if found is not None),
            walks=tuple(walks(list(self._places()))),
            chain_walks=chain_walks,
            last_above_first=_difference(positions[-1], positions[0]),
        )

    def _medians_us(self) -> dict[str, dict[int, float]]:
        """Return the medians of blocks by block number, for each position and the Service on the generator's node."""
        targets = (*(place.target for place in self.positions), self.same_node)
        return {target.label: block_medians_us(self.result.of(target), "kernel") for target in targets}

    def _with_baseline_us(self, medians_us: dict[int, float]) -> Iterator[tuple[float, float]]:
        """Yield each median with the baseline's median of the same block, for the blocks that have both."""
        baseline_us = block_medians_us(self.result.baseline, "kernel")
        for number in sorted(medians_us.keys() & baseline_us.keys()):
            yield medians_us[number], baseline_us[number]

    def _places(self) -> Iterator[Place]:
        """Yield the place of each position; none where service addresses are looked up or the rule has moved."""
        for place in self.positions:
            if place.rules_walked is not None and not place.moved(self.after.get(place.service_address)):
                yield Place(place.rules_walked, block_medians_us(self.result.of(place.target), "kernel"))


def _position(measurements: Sequence[Measurement], name: MeasurementName, position: str) -> Measurement | None:
    """Return the measurement of a position by the kernel's clock; None if it was not measured."""
    here = (name, position, "kernel")
    return next(
        (one for one in measurements if (one.name, one.conditions.position, one.conditions.clock) == here), None
    )


def _difference(ours: Measurement | None, theirs: Measurement | None) -> Range | None:
    """Return our median minus theirs; None if one of them was not measured or has too few samples."""
    our_median, their_median = (None if one is None else median_of(one) for one in (ours, theirs))
    return None if our_median is None or their_median is None else difference(our_median, their_median)
