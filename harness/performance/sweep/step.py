"""One step of a sweep, and whether something may be concluded from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from harness.dataplane.reader import RuleCount
from harness.performance.cost_per_rule import MANY_RULES, Walk, farthest
from harness.performance.sweep.proxy_cost import Cost
from harness.statistics.comparison import Range
from reports.model import IN_NO_CONCLUSION, Finding, Measurement


@dataclass(frozen=True, slots=True)
class Step:
    """One number of Services: what was measured, how much the kernel held, how long programming took.

    `block_p50_us` holds the medians of blocks by the kernel's clock for each position and the Service beside the
    generator; `twins` by how much each position and its twin differ, in microseconds; `walks` how much later each
    further position's first packet came than the first's, block by block, `chain_walks` the same of a chain that never
    matches, in the same moments; `last_above_first` by how much the last position's median lies above the first's, in
    microseconds (where fronts are looked up, the youngest Service's above the oldest's); `cost` is that of coming there
    from the step before. `duration_s` is how long it was measured, `tracked` how many
    entries connection tracking had on the generator's node when the load ended.
    `with_baseline_us` holds the same medians as `block_p50_us`, each with that of the generator's floor in its block.
    A step with a `invalid_reason`, in words, keeps its numbers, and no conclusion is drawn from them.
    """

    services: int
    measurements: tuple[Measurement, ...]
    block_p50_us: dict[str, tuple[float, ...]]
    rules: RuleCount
    programmed_s: float
    duration_s: float = 0.0
    twins: tuple[Range, ...] = ()
    walks: tuple[Walk, ...] = ()
    chain_walks: tuple[Walk, ...] = ()
    cost: Cost | None = None
    last_above_first: Range | None = None
    tracked: int = 0
    with_baseline_us: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    invalid_reason: str = ""

    def invalidated(self, invalid_reason: str) -> Step:
        """The same with a flaw, of which each of its measurements tells; without one, as it is."""
        if not invalid_reason:
            return self
        flag = f"{IN_NO_CONCLUSION}{invalid_reason}"
        marked = tuple(replace(found, flags=(flag, *found.flags)) for found in self.measurements)
        return replace(self, invalid_reason=invalid_reason, measurements=marked)


def valid_steps(steps: Iterable[Step]) -> list[Step]:
    """Those from which something may be concluded."""
    return [step for step in steps if not step.invalid_reason]


def cost_per_rule_finding(steps: Iterable[Step], mode: str) -> Finding:
    """What a rule costs in each step in which many are walked, in the sweep and in the chain beside it."""
    rows = [
        (step.services, *farthest(step.walks), farthest(step.chain_walks)[1])
        for step in steps
        if step.walks and step.chain_walks and farthest(step.walks)[0] >= MANY_RULES
    ]
    numbers = {
        f"{name} at step {number}": round(value, 2)
        for number, row in enumerate(rows)
        for name, value in zip(("services", "rules_walked", "rule_ns", "calibrated_rule_ns"), row, strict=True)
    }
    statement = (
        f"What a rule costs in {mode} mode, in nanoseconds: in the sweep, from the first Service to the last, and in "
        f"the same moments in a chain that never matches. It depends on what else is in the processor's caches."
    )
    return Finding("rule cost", statement, numbers, f"medians of steps in which {MANY_RULES} rules or more are walked")
