"""The sweep: first packet latency to a ClusterIP as the number of Services grows.

The generator on one node, endpoints on another, and one more Service whose endpoint is beside the generator. At each
step the fillers are brought to their number, every node's kernel is seen to hold them, and three of a dozen equal
target Services are measured: those whose rules come first, in the middle and last, in the laboratory each under two
names, so that what chance alone makes of a difference stands beside every difference. Where a rule stands is read from
the generator's kernel before and after, because kube-proxy orders rules anew whenever it writes them. Where fronts are
looked up, first is the oldest and last one that is made after the fillers, with all of them between the two, so that a
list would show. Zero is measured first and again last.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import numpy as np
from kubernetes.client.exceptions import ApiException

from clusters.cluster import Node
from clusters.progress import Progress
from clusters.spec import Mode
from harness.dataplane.conntrack import entry_count, entry_limit
from harness.dataplane.reader import DataPlane, ServicePort
from harness.dataplane.shell import ProxyShell
from harness.errors import DeadlinePassed
from harness.kube.client import Kube
from harness.kube.etcd import Etcd
from harness.kube.proxies import Proxies
from harness.kube.services import service_path, wait_front
from harness.kube.workloads import service
from harness.load.beside import beside
from harness.load.calibration import RuleChain
from harness.load.control import Control, run_beside
from harness.load.cost import cost_of
from harness.load.fillers import Fillers, filling
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, LoadResult, Target, TargetBlocks
from harness.load.positions import Position, choose_positions
from harness.load.records import CLOCKS, block_medians_us, side_by_side, to_measurement
from harness.load.step import Step
from harness.measure.contrast import Range
from harness.measure.difference import quantile_difference
from harness.measure.rulecost import Place, Walk, walks
from reports.model import Measurement

NEAR = "same node"
FULL = 0.95
"""Of the entries that connection tracking may have; a full table drops packets."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Numbers of Services in their order, and how each is measured; with `twins`, each position under two names."""

    services: tuple[int, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    twins: bool = False


@dataclass(frozen=True, slots=True)
class SweepSetting:
    """Where a sweep takes place: the generator, its node and that node's mode, and the fronts of the target Services.

    `fronts`, by age, lead to pods of Deployment `backend` on another node, `near` beside the generator. Without a node
    to spare, or in a cluster that is not ours, there is no `control`. A `chain` of rules as kube-proxy's is walked
    beside each step.
    """

    kube: Kube
    etcd: Etcd | None
    mode: Mode
    dataplane: DataPlane
    proxies: Proxies
    shell: ProxyShell
    namespace: str
    generator: LoadGenerator
    load_node: Node
    backend: str
    fronts: tuple[ServicePort, ...]
    near: ServicePort
    control: Control | None
    chain: RuleChain | None = None


@contextmanager
def sweep(setting: SweepSetting, plan: SweepPlan, progress: Progress) -> Iterator[Iterator[Step]]:
    """Every step in order, each taken when it is asked for; at the block's end no kernel holds a filler any more."""
    control = setting.control
    with ExitStack() as stack:
        still = None if control is None else control.node
        fillers = stack.enter_context(
            filling(
                setting.kube, setting.etcd, setting.dataplane, setting.proxies, setting.namespace, progress, but=still
            )
        )
        if control is not None:
            stack.enter_context(setting.proxies.paused(control.node))
        yield _steps(setting, plan, fillers, progress)


def _steps(setting: SweepSetting, plan: SweepPlan, fillers: Fillers, progress: Progress) -> Iterator[Step]:
    for number, services in enumerate(plan.services):
        progress.step(f"{services} Services")
        before = setting.proxies.usage(setting.load_node)
        here, programmed_s, flaw = _bring_to(setting, fillers, number, services)
        after = setting.proxies.usage(setting.load_node)
        progress.note(flaw or f"in every kernel after {programmed_s:.1f} s")
        step = measure(here, plan, number, services, programmed_s).flawed(flaw)
        tracked = entry_count(setting.shell, setting.load_node)
        most = entry_limit(setting.shell, setting.load_node)
        if tracked > FULL * most:
            step = step.flawed(f"connection tracking was nearly full: {tracked} of {most} entries")
        yield replace(step, cost=cost_of(services, before, after, step.rules, tracked))


def _bring_to(setting: SweepSetting, fillers: Fillers, number: int, services: int) -> tuple[SweepSetting, float, str]:
    """The setting with a youngest front, seconds until the kernels have followed, and what went wrong."""
    begin_s = time.monotonic()
    try:
        programmed_s = fillers.bring_to(services, at_once=True)
        return with_youngest(setting, number), programmed_s, ""
    except (TimeoutError, DeadlinePassed) as late:
        return setting, time.monotonic() - begin_s, f"the kernels have not followed: {late}"
    except ApiException as refusal:
        flaw = f"the API server refused Services: {refusal.status} {refusal.reason}"
        return setting, time.monotonic() - begin_s, flaw


def with_youngest(setting: SweepSetting, number: int) -> SweepSetting:
    """The same with a front that is made now in place of the last one, as soon as the generator's kernel has it."""
    name = f"youngest-{number}"
    setting.kube.create(setting.namespace, service(name, setting.backend))
    made = setting.kube.get(service_path(setting.namespace, name))["spec"]
    front = ServicePort(made["clusterIP"], setting.near.port)
    backends = setting.dataplane.service(setting.load_node, setting.fronts[0]).backends
    wait_front(setting.dataplane, setting.load_node, front, backends)
    return replace(setting, fronts=(*setting.fronts[:-1], front))


def measure(setting: SweepSetting, plan: SweepPlan, number: int, services: int, programmed_s: float) -> Step:
    """One step with the fillers as they are; `number` varies the seed, the rest is for the record."""
    before = setting.dataplane.rules_walked(setting.load_node)
    positions = choose_positions(setting.fronts, before)
    load = _load(setting, plan, number, positions)
    with beside(lambda: _chain_walks(setting, load, before)) as calibration:
        if setting.control is None:
            result, control = setting.generator.run(load), TargetBlocks(())
        else:
            result, control = run_beside(setting.generator, load, setting.control)
        chain_walks = calibration.result()
    after = setting.dataplane.rules_walked(setting.load_node)
    generator = np.random.default_rng([plan.seed, number])
    measured = (*(place.target for place in positions), _near(setting))
    return Step(
        services,
        (
            *_measurements(setting, plan, number, services, positions, after, result, generator),
            *_control_measured(setting, plan, number, services, control, result, generator),
        ),
        {target.label: tuple(block_medians_us(result.of(target), "kernel").values()) for target in measured},
        setting.dataplane.rule_count(setting.load_node),
        programmed_s,
        tuple(_twins(positions, result, generator)),
        tuple(walks(list(_places(positions, after, result)))),
        chain_walks,
        last_above_first=_apart(result, positions[-1].target, positions[0].target, generator),
        above_control_us={target.label: tuple(_above(result.of(target), control)) for target in measured},
    ).flawed(f"{result.lost} of the generator's workers were lost" if result.lost else "")


def _load(setting: SweepSetting, plan: SweepPlan, number: int, positions: tuple[Position, ...]) -> LoadPlan:
    targets = [place.target for place in positions]
    if plan.twins:
        targets += [place.twin for place in positions]
    return LoadPlan((*targets, _near(setting)), plan.rate_per_s, plan.duration_s, seed=plan.seed + number)


def _near(setting: SweepSetting) -> Target:
    return Target(NEAR, setting.near.address, setting.near.port)


def _measurements(
    setting: SweepSetting,
    plan: SweepPlan,
    number: int,
    services: int,
    positions: tuple[Position, ...],
    after: Mapping[ServicePort, int],
    result: LoadResult,
    generator: np.random.Generator,
) -> Iterator[Measurement]:
    """Every position and the Service nearby by every clock, twins by the kernel's, and the generator's floor."""
    conditions = _conditions(setting, plan, services, number)
    for place in positions:
        here = {**conditions, "position": place.label, "rules_walked": place.rules_walked}
        moved = place.moved(after.get(place.front))
        for clock in CLOCKS:
            told = {**here, "clock": clock}
            yield to_measurement("first_packet", result.of(place.target), clock, told, result, moved, generator)
        if plan.twins:
            told = {**here, "clock": "kernel"}
            yield to_measurement("first_packet_twin", result.of(place.twin), "kernel", told, result, moved, generator)
    near = {**conditions, "position": NEAR, "rules_walked": after.get(setting.near), "endpoint": NEAR}
    for clock in CLOCKS:
        blocks = result.of(_near(setting))
        yield to_measurement("first_packet_near", blocks, clock, {**near, "clock": clock}, result, (), generator)
    floor = {**conditions, "clock": "wall"}
    yield to_measurement("generator_floor", result.floor, "wall", floor, result, (), generator)


def _control_measured(
    setting: SweepSetting,
    plan: SweepPlan,
    number: int,
    services: int,
    control: TargetBlocks,
    result: LoadResult,
    generator: np.random.Generator,
) -> Iterator[Measurement]:
    """The control of this step, whose own node knows of no filler."""
    if setting.control is not None:
        told = {
            **_conditions(setting, plan, services, number),
            "position": "control",
            "endpoint": NEAR,
            "clock": "kernel",
        }
        yield to_measurement("first_packet_control", control, "kernel", told, result, (), generator)


def _twins(positions: tuple[Position, ...], result: LoadResult, generator: np.random.Generator) -> Iterator[Range]:
    apart = (_apart(result, place.target, place.twin, generator) for place in positions)
    yield from (twins for twins in apart if twins is not None)


def _apart(result: LoadResult, ours: Target, theirs: Target, generator: np.random.Generator) -> Range | None:
    """By how much our median lies above theirs; nothing if no block has told of both."""
    pair = side_by_side(result.of(ours), result.of(theirs), "kernel")
    return quantile_difference(*pair, 0.5, generator) if pair[0].n else None


def _above(ours: TargetBlocks, control: TargetBlocks) -> Iterator[float]:
    """By how much our median lies above the control's, in each block that both have."""
    medians, theirs = (block_medians_us(blocks, "kernel") for blocks in (ours, control))
    for number in sorted(medians.keys() & theirs.keys()):
        yield medians[number] - theirs[number]


def _places(positions: tuple[Position, ...], after: Mapping[ServicePort, int], result: LoadResult) -> Iterator[Place]:
    """Nothing where fronts are looked up, or of rules that have moved meanwhile."""
    for place in positions:
        if place.rules_walked is not None and not place.moved(after.get(place.front)):
            yield Place(place.rules_walked, block_medians_us(result.of(place.target), "kernel"))


def _chain_walks(setting: SweepSetting, load: LoadPlan, before: Mapping[ServicePort, int]) -> tuple[Walk, ...]:
    """Of a chain that is walked to the same places as kube-proxy's, by the same shares of the load."""
    places = [before.get(ServicePort(target.address, target.port)) for target in load.targets]
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
        "duration_s": plan.duration_s,
    }
