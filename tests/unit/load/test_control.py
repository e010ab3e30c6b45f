import math

from clusters.cluster import Node, Role
from harness.load.control import Control, run_beside
from harness.load.plan import Block, LoadPlan, LoadResult, Target, TargetBlocks

NODE = Node("n3", Role.CONTROL_PLANE, "172.18.0.2")


class FakeGenerator:
    """Begins at its own moment, and tells blocks 0 to 3 of everything it is asked for."""

    def __init__(self, began_s):
        self.began_s, self.plans = began_s, []

    def run(self, plan):
        self.plans.append(plan)
        told = {target.label: TargetBlocks(tuple(Block(number) for number in range(4))) for target in plan.targets}
        return LoadResult(0, 0, 0, 0.0, 0, self.began_s, told, TargetBlocks(()))


def test_the_control_does_one_targets_share_and_its_blocks_are_those_of_the_same_moments():
    aside = FakeGenerator(began_s=101.96)
    control = Control(NODE, aside, Target("control", "10.96.0.3", 80))
    targets = tuple(Target(label, "10.96.0.9", 80) for label in "abcd")
    result, held = run_beside(FakeGenerator(began_s=100.0), LoadPlan(targets, 400, 20, seed=1), control)
    assert set(result.targets) == set("abcd")
    assert [block.number for block in held.blocks] == [2, 3, 4, 5]
    assert (aside.plans[0].rate_per_s, aside.plans[0].targets) == (100, (control.target,))


def test_a_control_whose_worker_was_lost_tells_nothing_and_the_step_goes_on():
    control = Control(NODE, FakeGenerator(began_s=math.nan), Target("control", "10.96.0.3", 80))
    plan = LoadPlan((Target("a", "10.96.0.9", 80),), 400, 20, seed=1)
    result, held = run_beside(FakeGenerator(began_s=100.0), plan, control)
    assert set(result.targets) == {"a"}
    assert held.blocks == ()
