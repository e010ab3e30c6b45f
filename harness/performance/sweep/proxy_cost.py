"""The cost of a step for its node: the CPU time and memory of kube-proxy, and the tables of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clusters.cluster import Node
from harness.dataplane.reader import RuleCount
from harness.kube_proxy.usage import NOTHING_USED, Usage
from reports.model.findings import CostFinding, StepUsage


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a change of the number of Services on one node, until every kernel holds the new number.

    For the change, kube-proxy used `cpu_s` CPU seconds itself and `programs_cpu_s` in programs that it ran, and made
    `syncs` syncs that took `sync_s` seconds in total. `memory_bytes` and `rules` are kube-proxy's memory and the
    kernel's tables afterwards. `tracked` is the number of connection tracking entries when the load of the step ended.
    Before, the harness took `created_s` to create Services, if any, and every kernel took `programmed_s` to follow.
    """

    services: int
    cpu_s: float
    programs_cpu_s: float
    memory_bytes: int
    syncs: int
    sync_s: float
    rules: RuleCount
    tracked: int
    created_s: float | None = None
    programmed_s: float | None = None


def cost_of(services: int, before: Usage, after: Usage, rules: RuleCount, tracked: int) -> Cost:
    """Return what kube-proxy used between two samples; if it was replaced in between, what the new process used."""
    start = before if after.cpu_s >= before.cpu_s and after.syncs.count >= before.syncs.count else NOTHING_USED
    return Cost(
        services,
        after.cpu_s - start.cpu_s,
        after.programs_cpu_s - start.programs_cpu_s,
        after.memory_bytes,
        after.syncs.count - start.syncs.count,
        after.syncs.total_s - start.syncs.total_s,
        rules,
        tracked,
    )


def finding(costs: Sequence[Cost], node: Node, mode: str, endpoints: int = 1) -> CostFinding:
    """Return the costs of all steps as one finding of the report."""
    steps = tuple(_usage(number, cost) for number, cost in enumerate(costs))
    return CostFinding(mode=mode, node=node.name, steps=steps, endpoints=endpoints)


def _usage(number: int, cost: Cost) -> StepUsage:
    return StepUsage(
        step=number,
        services=cost.services,
        cpu_s=cost.cpu_s,
        programs_cpu_s=cost.programs_cpu_s,
        memory_bytes=cost.memory_bytes,
        syncs=cost.syncs,
        sync_s=cost.sync_s,
        rules=cost.rules.rules,
        set_members=sum(cost.rules.sets.values()),
        tracked=cost.tracked,
        created_s=cost.created_s,
        programmed_s=cost.programmed_s,
    )
