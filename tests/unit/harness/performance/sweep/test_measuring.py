from dataclasses import replace
from types import SimpleNamespace

from harness.dataplane.reader import RuleCount, ServiceAddress
from harness.load.plan import Block, LoadResult, TargetBlocks
from harness.performance.sweep.measuring import measure
from harness.performance.sweep.setting import SweepPlan
from harness.statistics.histogram import encode
from reports.model import MeasurementName
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.cluster.shell import TextShell
from tests.fakes.cluster.sweep import setting_with


class Lookups:
    """A kernel that finds service addresses by look-up."""

    def rules_walked(self, node):
        return {}

    def rule_count(self, node):
        return RuleCount(29, {})


def measured_by(generator, plan, control=None):
    """Measure step 1 of the plan."""
    kube, shell = SimpleNamespace(cluster=fake_cluster()), TextShell({"conntrack -C": "3411"})
    setting = setting_with(generator=generator, kube=kube, dataplane=Lookups(), shell=shell)
    return measure(replace(setting, targets=replace(setting.targets, control=control)), plan, 1)


class FakeGenerator:
    """A generator that returns a given latency for each target, in `blocks` blocks.

    The loopback baseline has samples in `baselines` blocks, from the second one on.
    """

    def __init__(self, *, baselines=0, blocks=2, each=90, **latencies_us):
        self.baselines, self.numbers, self.each, self.latencies_us = baselines, range(blocks), each, latencies_us

    def run(self, plan):
        assert plan.baseline_among_targets
        assert plan.separate_source_ports
        targets = {target.label: self.blocks(target.label, self.numbers) for target in plan.targets}
        return LoadResult(90, 0, 0, 0.1, 0, 0.0, targets, self.blocks("baseline", range(1, 1 + self.baselines)))

    def blocks(self, label, numbers):
        return TargetBlocks(
            tuple(
                Block(number, kernel=encode([self.latencies_us[label.replace(" ", "_")]] * self.each))
                for number in numbers
            )
        )


def test_a_step_has_the_differences_of_positions_and_of_aa_pairs():
    generator = FakeGenerator(
        head=100, middle=120, end=140, head_again=103, middle_again=123, end_again=143, same_node=90
    )
    step = measured_by(generator, SweepPlan((0, 10), 150, 2, seed=1, aa_pairs=True))
    assert step.latencies.last_above_first.value == 40
    assert [pair.value for pair in step.latencies.aa_pairs] == [-3, -3, -3]
    assert step.latencies.last_above_first.high < 41
    assert step.latencies.block_p50_us["end"] == (140, 140)
    assert step.cost.tracked == 3411
    assert step.services == 10


def test_too_few_samples_yield_no_difference():
    generator = FakeGenerator(blocks=1, each=9, head=100, middle=120, end=140, same_node=90)
    step = measured_by(generator, SweepPlan((0, 10), 9, 1, 1))
    assert step.latencies.last_above_first is None
    assert step.latencies.block_p50_us["end"] == (140,)


def test_medians_are_paired_with_the_baseline_in_the_blocks_that_both_have():
    generator = FakeGenerator(baselines=2, baseline=30, head=100, middle=120, end=140, same_node=90)
    step = measured_by(generator, SweepPlan((0, 10), 150, 2, seed=1))
    baselines = [found for found in step.measurements if found.name is MeasurementName.BASELINE]
    kernel = next(found for found in baselines if found.conditions.clock == "kernel")
    assert (kernel.quantiles["p50"], kernel.conditions.services) == (30, 10)
    assert step.latencies.with_baseline_us["same node"] == ((90, 30),)


def test_a_control_is_one_more_target_of_the_load():
    """It is measured in the same time slices as the positions, so each slice gives the difference of the two."""
    generator = FakeGenerator(head=100, middle=120, end=140, same_node=90, control=70)
    step = measured_by(generator, SweepPlan((0, 10), 150, 2, seed=1), control=ServiceAddress("10.244.1.5", 8082))
    found = {(one.name, one.conditions.position): one for one in step.measurements if one.conditions.clock == "kernel"}
    control = found[MeasurementName.FIRST_PACKET_UNTRACKED, None]
    assert (control.quantiles["p50"], control.conditions.target) == (70, "pod, untracked")
    end = found[MeasurementName.FIRST_PACKET, "end"]
    assert [part.begin_s for part in control.time_slices] == [part.begin_s for part in end.time_slices] == [0.0, 1.0]
