"""The cost of a step for its node: the CPU time and memory of kube-proxy, and the tables of the kernel."""

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
    """The cost of a change of the number of Services on one node, until every kernel holds the new number.

    For the change, kube-proxy used `cpu_s` CPU seconds itself and `programs_cpu_s` in programs that it ran, and made
    `syncs` syncs that took `sync_s` seconds in total. `memory_bytes` and `rules` are kube-proxy's memory and the
    kernel's tables afterwards. `tracked` is the number of connection tracking entries when the load of the step ended.
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


def finding(costs: Sequence[Cost], node: Node, mode: str) -> Finding:
    """Return the costs of all steps as one finding of the report; its sentence describes the largest step."""
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
    return Finding("cost", _sentence(largest, node, mode), numbers, "one run")


def _sentence(cost: Cost, node: Node, mode: str) -> str:
    cpu = f"{cost.cpu_s:.1f} CPU seconds itself and {cost.programs_cpu_s:.1f} in programs that it ran"
    return (
        f"kube-proxy on {node.name} ({mode} mode) took {cost.sync_s:.1f} s ({cost.syncs} syncs; {cpu}) to get from the "
        f"previous step to {cost.services:,} Services. Then it used {cost.memory_bytes / MB:.0f} MB of memory, and the "
        f"kernel held {cost.rules.rules:,} rules, {sum(cost.rules.sets.values()):,} set members and {cost.tracked:,} "
        "tracked connections."
    )
