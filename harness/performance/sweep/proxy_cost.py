"""What a step costs the node beside its packets: kube-proxy's work and memory, and what the kernel holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clusters.cluster import Node
from harness.dataplane.proxy_usage import NOTHING_USED, Usage
from harness.dataplane.reader import RuleCount
from reports.model import Finding

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """On one node, from before a change of the number of Services until every kernel has followed.

    `cpu_s` and the `syncs`, with the seconds they took in all, are kube-proxy's for that change, `programs_cpu_s` that
    of the programs it ran; what it holds in memory and what the kernel holds is as it was then. `tracked` are entries
    of connection tracking when the load of that step ended.
    """

    services: int
    cpu_s: float
    programs_cpu_s: float
    memory_bytes: int
    syncs: int
    sync_s: float
    rules: RuleCount
    tracked: int


def cost_of(services: int, before: Usage, after: Usage, rules: RuleCount, tracked: int) -> Cost:
    """The cost between two looks at a kube-proxy that was not replaced meanwhile; if it was, of the new one alone."""
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


def finding(costs: Sequence[Cost], node: Node, mode: str) -> Finding:
    """All steps as one record of the report; the largest in words."""
    largest = max(costs, key=lambda cost: cost.services)
    numbers = {
        f"{name} at step {number}": value
        for number, cost in enumerate(costs)
        for name, value in (
            ("services", cost.services),
            ("cpu_s", round(cost.cpu_s, 3)),
            ("programs_cpu_s", round(cost.programs_cpu_s, 3)),
            ("memory_mb", round(cost.memory_bytes / MB, 1)),
            ("syncs", cost.syncs),
            ("sync_s", round(cost.sync_s, 3)),
            ("rules", cost.rules.rules),
            ("set_members", sum(cost.rules.sets.values())),
            ("tracked", cost.tracked),
        )
    }
    statement = f"What kube-proxy on {node.name} took from each step to the next ({mode} mode): {_in_words(largest)}."
    return Finding("cost", statement, numbers, "one run")


def _in_words(cost: Cost) -> str:
    return (
        f"for {cost.services} Services {cost.cpu_s:.1f} s of processor itself and {cost.programs_cpu_s:.1f} s in "
        f"programs that it ran, in {cost.syncs} syncs of {cost.sync_s:.1f} s; then it held "
        f"{cost.memory_bytes / MB:.0f} MB, the kernel {cost.rules.rules} rules, {sum(cost.rules.sets.values())} "
        f"members of sets and {cost.tracked} tracked connections"
    )
