"""What programming the Services of a sweep cost kube-proxy in each mode: time of syncs, CPU time and memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.model import RunResults
from reports.model.findings import CostFinding

BYTES_PER_MB = 1e6


@dataclass(frozen=True, slots=True)
class ProgrammingCost:
    """What one node's kube-proxy used in a run to get from 0 to `services` Services, step by step.

    `cpu_s` includes the programs that it ran. `memory_mb` is its memory at the end.
    """

    mode: str
    services: int
    sync_s: float
    cpu_s: float
    memory_mb: float


def programming_sentences(runs: Sequence[RunResults]) -> Iterator[str]:
    """Yield a sentence that compares the modes of runs on one substrate, if they programmed the same Services."""
    costs = [cost for results in runs for cost in programming_costs(results)]
    modes = sorted({cost.mode for cost in costs})
    if len(modes) < 2 or len({cost.services for cost in costs}) > 1:
        return
    by_mode = {mode: [cost for cost in costs if cost.mode == mode] for mode in modes}
    parts = [
        f"{mode} mode {_span([cost.sync_s for cost in found])} s of syncs, "
        f"{_span([cost.cpu_s for cost in found])} s of CPU time and "
        f"{_span([cost.memory_mb for cost in found])} MB of memory"
        for mode, found in by_mode.items()
    ]
    yield f"To program {costs[0].services:,} Services one node's kube-proxy needed in {'; in '.join(parts)}."


def programming_costs(results: RunResults) -> Iterator[ProgrammingCost]:
    """Yield the cost of the run's sweep, if it has one and recorded the CPU time of programs."""
    for found in results.findings:
        if not isinstance(found, CostFinding):
            continue
        upwards = [step for step in found.steps if step.services]  # a sweep ends with zero Services
        programs_cpu_s = [step.programs_cpu_s for step in upwards if step.programs_cpu_s is not None]
        if upwards and len(programs_cpu_s) == len(upwards):
            yield ProgrammingCost(
                mode=found.mode,
                services=upwards[-1].services,
                sync_s=sum(step.sync_s for step in upwards),
                cpu_s=sum(step.cpu_s for step in upwards) + sum(programs_cpu_s),
                memory_mb=upwards[-1].memory_bytes / BYTES_PER_MB,
            )


def _span(values: Sequence[float]) -> str:
    low, high = (f"{end:.3g}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"
