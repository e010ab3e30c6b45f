"""One step of a sweep, and whether it is valid: whether conclusions may be drawn from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from harness.dataplane.reader import RuleCount
from harness.performance.cost_per_rule import MANY_RULES, Walk, farthest, has_many_rules
from harness.performance.sweep.proxy_cost import Cost
from harness.statistics.comparison import Range
from reports.model import Measurement
from reports.model.findings import CostPerRuleFinding, StepCostPerRule


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLatencies:
    """The latencies of a step. Differences and medians are in microseconds by the kernel's clock.

    - `block_p50_us`: the median of each block, for each position and for the Service on the generator's node.
    - `with_baseline_us`: the same medians, each paired with the loopback baseline's median in the same block.
    - `aa_pairs`: the difference of the medians of each A/A pair.
    - `walks`: the differences of each later position from the first one, block by block; `chain_walks`: the same in a
      chain that never matches, measured at the same time.
    - `last_above_first`: the median of the last position minus that of the first (where service addresses are looked
      up: of the youngest Service minus that of the oldest).
    """

    block_p50_us: dict[str, tuple[float, ...]] = field(default_factory=dict)
    with_baseline_us: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    aa_pairs: tuple[Range, ...] = ()
    walks: tuple[Walk, ...] = ()
    chain_walks: tuple[Walk, ...] = ()
    last_above_first: Range | None = None

    @property
    def show_cost_per_rule(self) -> bool:
        """Return whether they compare places many rules apart, in the sweep and in the chain that never matches."""
        return bool(self.chain_walks) and has_many_rules(self.walks)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """What a step's Services cost.

    - `rules`: what the kernel of the generator's node held.
    - `tracked`: the connection tracking entries on the generator's node when the load ended.
    - `programmed_s`: how many seconds every kernel took to hold the Services.
    - `proxy`: what kube-proxy used to get from the previous step to this one.
    """

    rules: RuleCount
    tracked: int = 0
    programmed_s: float = 0.0
    proxy: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The measurements at one number of Services, which lasted `duration_s` seconds.

    `invalid_reasons` says why no conclusion may be drawn from the step, which keeps its numbers; empty if it is valid.
    """

    services: int
    measurements: tuple[Measurement, ...]
    latencies: StepLatencies
    cost: StepCost
    duration_s: float = 0.0
    invalid_reasons: tuple[str, ...] = ()

    @property
    def invalid_reason(self) -> str:
        """All invalid reasons as one text; empty if the step is valid."""
        return "; ".join(self.invalid_reasons)

    def invalidated(self, invalid_reason: str) -> Step:
        """Return the step, marked invalid for this reason too with all its measurements; unchanged without a reason."""
        if not invalid_reason:
            return self
        invalid = replace(self, invalid_reasons=(*self.invalid_reasons, invalid_reason))
        marked = (replace(found, invalid_reason=invalid.invalid_reason) for found in self.measurements)
        return replace(invalid, measurements=tuple(marked))


def valid_steps(steps: Iterable[Step]) -> list[Step]:
    """Return the steps from which conclusions may be drawn."""
    return [step for step in steps if not step.invalid_reasons]


def cost_per_rule_finding(steps: Iterable[Step], mode: str) -> CostPerRuleFinding:
    """Return the cost per rule of each step with many rules, in the sweep and in the chain, as a finding."""
    return CostPerRuleFinding(
        mode=mode,
        least_rules=MANY_RULES,
        steps=tuple(_cost_per_rule(step) for step in steps if step.latencies.show_cost_per_rule),
    )


def _cost_per_rule(step: Step) -> StepCostPerRule:
    rules, rule_ns = farthest(step.latencies.walks)
    return StepCostPerRule(
        services=step.services,
        rules_walked=rules,
        rule_ns=rule_ns,
        calibrated_rule_ns=farthest(step.latencies.chain_walks)[1],
    )
