"""The cost per rule: the nanoseconds by which each traversed iptables rule delays a new connection.

Two places of one chain are measured in the same seconds; connections to the later place traverse a known number of
additional rules. What the host does in these seconds affects both places, so the difference of their medians is due to
the additional rules. The same is measured at the same time in a chain of rules that never match. Each cost varies from
step to step, with the contents of the processor's caches, by more than the two differ; so they are compared step by
step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.performance.conclusions.swept import FIRST, LAST, SweptStep
from harness.statistics.comparison import Range
from harness.statistics.difference import mean_interval
from reports.model import Measurement, MeasurementName
from reports.model.findings import CostPerRuleFinding, StepCostPerRule

MANY_RULES = 500
"""The number of rules from which on a step shows the cost per rule.

The cost of fewer rules is smaller than a microsecond's resolution allows to measure. Also, the first rules of a chain
cost more than the rest, because the processor has not yet started to prefetch.
"""

NS_PER_US = 1000.0


@dataclass(frozen=True, slots=True)
class StepCost:
    """The cost per rule in one step, in nanoseconds: between kube-proxy's `rules`, and in the calibration chain."""

    services: int
    rules: int
    sweep_ns: float
    chain_ns: float


def step_costs(steps: Sequence[SweptStep]) -> Iterator[StepCost]:
    """Yield the cost per rule of each step whose first and last Service have `MANY_RULES` or more between them."""
    for step in steps:
        places = [step.of(MeasurementName.FIRST_PACKET, position) for position in (FIRST, LAST)]
        swept, chain = _per_rule(step, places), _per_rule(step, [*step.chain()[:1], *step.chain()[-1:]])
        if swept is not None and chain is not None and swept[0] >= MANY_RULES:
            yield StepCost(step.services, swept[0], swept[1], chain[1])


def mean_cost(costs_ns: Sequence[float]) -> Range:
    """Return the mean over at least two steps, with its interval from their scatter."""
    return mean_interval(np.array(costs_ns))


def _per_rule(step: SweptStep, places: Sequence[Measurement | None]) -> tuple[int, float] | None:
    """Return the rules between two places and the cost of each in ns; None unless both are known and stayed."""
    walked = [None if place is None else _walked(place) for place in places]
    if len(walked) != 2 or None in walked or walked[0] == walked[1]:
        return None
    rules = (walked[1] or 0) - (walked[0] or 0)
    longer_us = step.difference_us(places[1], places[0])
    return None if longer_us is None else (rules, longer_us.value * NS_PER_US / rules)


def _walked(place: Measurement) -> int | None:
    """Return the rules that come before a place; None if kube-proxy moved its rule during the measurement."""
    here = place.conditions
    stayed = place.name is MeasurementName.CALIBRATION_CHAIN or here.rules_walked_after == here.rules_walked
    return here.rules_walked if stayed else None


def cost_per_rule_finding(steps: Sequence[SweptStep], mode: str) -> CostPerRuleFinding:
    """Return the cost per rule of each step with many rules, in the sweep and in the chain, as a finding."""
    return CostPerRuleFinding(
        mode=mode,
        least_rules=MANY_RULES,
        steps=tuple(
            StepCostPerRule(
                services=cost.services,
                rules_walked=cost.rules,
                rule_ns=cost.sweep_ns,
                calibrated_rule_ns=cost.chain_ns,
            )
            for cost in step_costs(steps)
        ),
    )
