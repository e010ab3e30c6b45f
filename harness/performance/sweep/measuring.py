"""Measure one step of a sweep: run the load and turn its result into a `Step`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from clusters.spec import Substrate
from harness.dataplane.conntrack import entry_count
from harness.dataplane.modes import DATA_PLANES
from harness.dataplane.reader import ServiceAddress
from harness.load.background import in_background
from harness.load.plan import LoadPlan, LoadResult, RequestKind, Target, TargetBlocks
from harness.load.records import CLOCKS, start_lateness, to_measurement
from harness.performance.sweep.positions import Position, choose_positions
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step, StepCost
from reports.model import Conditions, Measurement, MeasurementName

SAME_NODE, CONTROL, PERSISTENT = "same node", "control", "persistent"
KEPT_PATH = "/hostname"


def measure(setting: SweepSetting, plan: SweepPlan, number: int) -> Step:
    """Measure step `number` of the plan, whose dummy Services must exist already; the number also varies the seed.

    Of its cost, the step has what the node's kernel held; the caller adds what came before the measurement.
    """
    access, node, targets = setting.access, setting.origin.node, setting.targets
    before = access.dataplane.rules_walked(node)
    positions = choose_positions(targets.service_addresses, before)
    same_node = Target(SAME_NODE, targets.same_node.address, targets.same_node.port)
    control = None if setting.untracked is None else Target(CONTROL, targets.control.address, targets.control.port)
    kept = replace(positions[-1].target, label=PERSISTENT, request_kind=RequestKind.HTTP_KEPT)
    load = _load(plan, number, positions, (same_node, kept) if control is None else (same_node, kept, control))
    with _untracked(setting), in_background(lambda: _chain(setting, load, before)) as calibration:
        result = setting.origin.generator.run(load)
        # Read at once: entries of reset connections expire after ten seconds (nf_conntrack_tcp_timeout_close).
        tracked = entry_count(access.shell, node)
        chain = calibration.result()
    data = _StepData(
        positions=positions,
        same_node=same_node,
        kept=kept,
        control=control,
        chain=chain,
        result=result,
        after=access.dataplane.rules_walked(node),
        conditions=replace(_conditions(setting, plan, number), rules_walked_there=_rules_there(setting)),
        with_aa_pairs=plan.aa_pairs,
    )
    return Step(
        services=plan.services[number],
        measurements=tuple(data.measurements()),
        cost=StepCost(rules=access.dataplane.rule_count(node), tracked=tracked),
        duration_s=plan.duration_s,
    ).invalidated(f"the generator lost {result.lost} of its workers" if result.lost else "")


def _untracked(setting: SweepSetting) -> AbstractContextManager[None]:
    """Leave connections to the control untracked, in each step anew: a user-mode Linux may restart between two."""
    if setting.untracked is None:
        return nullcontext()
    control, origin = setting.targets.control, setting.origin
    return setting.untracked.opened(
        control.address, control.port, client_node=origin.node, server_node=setting.targets.backend_node
    )


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
        detail=KEPT_PATH,
        separate_source_ports=True,
        pinned=True,
    )


def _chain(setting: SweepSetting, load: LoadPlan, before: Mapping[ServiceAddress, int]) -> dict[int, TargetBlocks]:
    """Measure the calibration chain at the places of the load's Services in kube-proxy's chain.

    Return nothing if there is no chain, or if the place of a target is unknown.
    """
    services = [target for target in load.targets if target.label not in (CONTROL, PERSISTENT)]
    places = [before.get(ServiceAddress(target.address, target.port)) for target in services]
    known = tuple(place for place in places if place is not None)
    if setting.chain is None or len(known) < len(places):
        return {}
    return setting.chain.measure(known, load)


def _rules_there(setting: SweepSetting) -> int | None:
    """Return how many rules a packet to the targets' pod traverses on its node: all, because none matches a pod.

    None if kube-proxy's rules are not in that node's own kernel, or are not a chain.
    """
    access, traversed = setting.access, DATA_PLANES[setting.origin.mode].traverses_rules
    if access.kube.cluster.substrate is not Substrate.HOST or not traversed:
        return None
    return 1 + max(access.dataplane.rules_walked(setting.targets.backend_node).values(), default=-1)


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
    """The result of a step's load, and the number of rules before each service address `after` it.

    `chain` holds the blocks of the calibration chain, by the number of rules traversed.
    """

    positions: tuple[Position, ...]
    same_node: Target
    kept: Target
    control: Target | None
    chain: dict[int, TargetBlocks]
    result: LoadResult
    after: Mapping[ServiceAddress, int]
    conditions: Conditions
    with_aa_pairs: bool

    def measurements(self) -> Iterator[Measurement]:
        """Yield measurements of each position, the Service on the generator's node and the control, by each clock.

        Then yield, by the kernel's clock, a measurement of each position under the second label of its A/A pair, if
        there are any, and of the calibration chain; requests on persistent connections; and how late requests started.
        """
        for clock in CLOCKS:
            for place in self.positions:
                yield self._of_place(MeasurementName.FIRST_PACKET, place, place.target, clock)
            yield self._of_same_node(clock)
            if self.control is not None:
                yield self._of_control(self.control, clock)
        if self.with_aa_pairs:
            for place in self.positions:
                yield self._of_place(MeasurementName.FIRST_PACKET_AA, place, place.aa_target, "kernel")
        yield self._of_kept()
        yield start_lateness(self.conditions, self.result)
        for rules, blocks in self.chain.items():
            here = replace(self.conditions, target="calibration chain", rules_walked=rules, clock="kernel")
            yield to_measurement(MeasurementName.CALIBRATION_CHAIN, blocks, "kernel", here, self.result)

    def _of_place(self, name: MeasurementName, place: Position, target: Target, clock: str) -> Measurement:
        after = self.after.get(place.service_address)
        here = replace(
            self.conditions,
            position=place.label,
            rules_walked=place.rules_walked,
            rules_walked_after=after,
            clock=clock,
        )
        return to_measurement(name, self.result.of(target), clock, here, self.result, place.moved(after))

    def _of_same_node(self, clock: str) -> Measurement:
        walked = self.after.get(ServiceAddress(self.same_node.address, self.same_node.port))
        here = replace(self.conditions, position=SAME_NODE, rules_walked=walked, endpoint=SAME_NODE, clock=clock)
        blocks, name = self.result.of(self.same_node), MeasurementName.FIRST_PACKET_SAME_NODE
        return to_measurement(name, blocks, clock, here, self.result)

    def _of_kept(self) -> Measurement:
        here = replace(self.conditions, connection="persistent", clock="wall")
        return to_measurement(MeasurementName.PERSISTENT_REQUEST, self.result.of(self.kept), "wall", here, self.result)

    def _of_control(self, control: Target, clock: str) -> Measurement:
        here = replace(self.conditions, target="pod, untracked", clock=clock)
        name = MeasurementName.FIRST_PACKET_UNTRACKED
        return to_measurement(name, self.result.of(control), clock, here, self.result)
