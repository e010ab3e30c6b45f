"""What programming the Services of a sweep cost kube-proxy: time of syncs, CPU time and memory."""

from __future__ import annotations

from collections.abc import Iterator

from reports.model import RunResults
from reports.model.comparison import ProgrammingCost
from reports.model.findings import CostFinding

BYTES_PER_MB = 1e6


def programming_costs(results: RunResults) -> Iterator[ProgrammingCost]:
    """Yield the cost of the run's sweep, if it has one and recorded the CPU time of programs."""
    for found in results.findings:
        if not isinstance(found, CostFinding) or found.endpoints > 1:
            continue
        upwards = found.upwards
        programs_cpu_s = [step.programs_cpu_s for step in upwards if step.programs_cpu_s is not None]
        if upwards and len(programs_cpu_s) == len(upwards):
            yield ProgrammingCost(
                run=results.run.id,
                mode=found.mode,
                services=upwards[-1].services,
                sync_s=sum(step.sync_s for step in upwards),
                cpu_s=sum(step.cpu_s for step in upwards) + sum(programs_cpu_s),
                memory_mb=upwards[-1].memory_bytes / BYTES_PER_MB,
            )
