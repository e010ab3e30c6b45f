"""A control at zero Services in the same moments: a node whose kube-proxy hears of no change while a sweep lasts.

All nodes of a kind cluster share one kernel and its processors, so that whatever makes these slower or faster from one
minute to the next does so for both alike, and a difference between the two is the rules' own. Both generators connect
to a Service whose only endpoint is beside them, so that no packet meets the rules of two nodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from clusters.cluster import Node
from harness.load.beside import beside
from harness.load.generator import LoadGenerator
from harness.load.plan import Block, LoadPlan, LoadResult, Target, TargetBlocks


@dataclass(frozen=True, slots=True)
class Control:
    """A generator of its own on `node`, and what it connects to."""

    node: Node
    generator: LoadGenerator
    target: Target


def run_beside(generator: LoadGenerator, plan: LoadPlan, control: Control) -> tuple[LoadResult, TargetBlocks]:
    """Work off `plan`, and one target's share of it on the control; the control's blocks by the plan's numbers."""
    share = replace(plan, targets=(control.target,), rate_per_s=plan.rate_per_s / len(plan.targets))
    with beside(lambda: control.generator.run(share)) as running:
        result = generator.run(plan)
        held = running.result()
    if math.isnan(held.began_s) or math.isnan(result.began_s):
        return result, TargetBlocks(())  # no worker has told when it began, so no moments are the same
    later = round((held.began_s - result.began_s) / plan.block_s)
    return result, TargetBlocks(tuple(_renumbered(block, later) for block in held.of(control.target).blocks))


def _renumbered(block: Block, later: int) -> Block:
    return replace(block, number=block.number + later)
