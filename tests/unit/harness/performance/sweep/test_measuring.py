from dataclasses import replace
from types import SimpleNamespace

from harness.dataplane.reader import RuleCount
from harness.dataplane.untracked import REMOVE, UntrackedPaths, rules
from harness.load.plan import Block, LoadResult, RequestKind, TargetBlocks
from harness.performance.conclusions.service_cost import service_costs
from harness.performance.conclusions.swept import last_above_first_us, swept_steps
from harness.performance.sweep.measuring import measure
from harness.performance.sweep.setting import SweepPlan
from harness.statistics.histogram import encode
from reports.model import MeasurementName
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.cluster.shell import RecordingNodeShell, TextShell
from tests.fakes.cluster.sweep import setting_with


class Lookups:
    """A kernel that finds service addresses by look-up."""

    def rules_walked(self, node):
        return {}

    def rule_count(self, node):
        return RuleCount(29, {})


def measured_by(generator, plan, untracked=None):
    """Measure step 1 of the plan."""
    kube, shell = SimpleNamespace(cluster=fake_cluster()), TextShell({"conntrack -C": "3411"})
    setting = setting_with(generator=generator, kube=kube, dataplane=Lookups(), shell=shell)
    return measure(replace(setting, untracked=untracked), plan, 1)


class FakeGenerator:
    """A generator that returns a given latency for each target, in two blocks."""

    def __init__(self, *, each=90, lost=0, lateness=(), **latencies_us):
        self.each, self.lost, self.latencies_us = each, lost, latencies_us
        self.lateness = encode(lateness) if lateness else ""

    def run(self, plan):
        assert plan.separate_source_ports
        assert plan.pinned
        self.plan = plan
        targets = {target.label: self.blocks(target.label) for target in plan.targets}
        return LoadResult(90, 0, 0, 0.1, self.lost, 0.0, targets, TargetBlocks(()), lateness=self.lateness)

    def blocks(self, label):
        histogram = encode([self.latencies_us[label.replace(" ", "_")]] * self.each)
        return TargetBlocks(tuple(Block(number, kernel=histogram, wall=histogram) for number in range(2)))


POSITIONS = {"head": 100, "middle": 120, "end": 140, "same_node": 90, "persistent": 300}
AGAIN = {"head_again": 103, "middle_again": 123, "end_again": 143}


def test_a_step_has_a_measurement_of_each_position_and_of_each_aa_pair():
    step = measured_by(FakeGenerator(**POSITIONS, **AGAIN), SweepPlan((0, 10), 150, 2, seed=1, aa_pairs=True))
    (swept,) = swept_steps(step.measurements)
    medians = {
        (name, position): swept.median_us(name, position).value
        for name in (MeasurementName.FIRST_PACKET, MeasurementName.FIRST_PACKET_AA)
        for position in ("head", "middle", "end")
    }
    assert list(medians.values()) == [100, 120, 140, 103, 123, 143]
    assert last_above_first_us([swept]).value == 40
    assert (step.cost.tracked, step.services, swept.services) == (3411, 10, 10)


def test_too_few_samples_yield_no_difference():
    step = measured_by(FakeGenerator(each=9, **POSITIONS), SweepPlan((0, 10), 9, 1, 1))
    (swept,) = swept_steps(step.measurements)
    assert last_above_first_us([swept]) is None


def test_a_control_is_one_more_target_of_the_load():
    """It is measured in the same time slices as the positions."""
    generator = FakeGenerator(**POSITIONS, control=70)
    nodes = RecordingNodeShell()
    paths = UntrackedPaths(fake_cluster(), nodes, RecordingNodeShell())
    step = measured_by(generator, SweepPlan((0, 10), 150, 2, seed=1), untracked=paths)
    texts = [argv[1] for argv in nodes.ran]
    assert texts == [rules("10.244.2.5", 8082), rules("10.244.2.5", 8082), REMOVE, REMOVE]  # only during the step
    (swept,) = swept_steps(step.measurements)
    control, end = swept.of(MeasurementName.FIRST_PACKET_UNTRACKED), swept.of(MeasurementName.FIRST_PACKET, "end")
    assert control.conditions.target == "pod, untracked"
    assert [part.begin_s for part in control.time_slices] == [part.begin_s for part in end.time_slices] == [0.0, 1.0]
    assert swept.service_cost_us("end").value == 70
    assert next(service_costs([swept])).quantiles == {"p50": 30}


def test_requests_on_persistent_connections_are_measured_in_the_same_seconds():
    generator = FakeGenerator(**POSITIONS)
    step = measured_by(generator, SweepPlan((0, 10), 150, 2, seed=1))
    (kept,) = (found for found in step.measurements if found.name is MeasurementName.PERSISTENT_REQUEST)
    assert (kept.quantiles["p50"], kept.conditions.connection, kept.conditions.clock) == (300, "persistent", "wall")
    (target,) = (target for target in generator.plan.targets if target.request_kind)
    assert (target.request_kind, target.address) == (RequestKind.HTTP_KEPT, "10.96.0.9")


def test_a_step_records_how_late_its_requests_started():
    step = measured_by(FakeGenerator(lateness=[200] * 95 + [9000] * 5, **POSITIONS), SweepPlan((0, 10), 150, 2, seed=1))
    (late,) = (found for found in step.measurements if found.name is MeasurementName.START_LATENESS)
    assert (late.n, round(late.quantiles["p90"]), late.conditions.services) == (100, 200, 10)


def test_a_step_of_a_generator_that_lost_a_worker_is_in_no_conclusion():
    step = measured_by(FakeGenerator(lost=1, **POSITIONS), SweepPlan((0, 10), 150, 2, seed=1))
    assert swept_steps(step.measurements) == []
