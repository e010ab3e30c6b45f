"""Self-checks of the performance suite: whether its measurements are good enough to draw conclusions from.

They check that enough steps are valid, that A/A pairs (one target under two labels) do not differ, that a rule of
kube-proxy costs as much as one in a calibration chain, and that a known delay is measured correctly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import scipy

from harness.performance.cost_per_rule import NS_PER_US, Walk, agree, cost_per_rule, has_many_rules
from harness.performance.intervals import interval_of, slope_interval
from harness.statistics.comparison import Range
from harness.statistics.line import Lines
from harness.statistics.slope import Slope
from reports.model.findings import (
    AAPairsCheck,
    CostPerRuleCheck,
    CostPerServiceCheck,
    KnownDelayCheck,
    MeasuredDelay,
    NoCostPerRule,
    StepsCheck,
)

FALSE_ALARM_RATE = 0.005
"""The largest probability with which the check of A/A pairs may fail by chance alone."""

NARROW_NS = 1.0
LONG_SWEEP = 5000
"""The number of Services from which on a sweep can resolve one nanosecond per Service."""

FEWEST_STEPS, FEWEST_ZEROS = 3, 2
"""The least number of valid steps and of valid steps at zero Services.

A line through fewer than three points leaves no scatter, and with fewer than two steps at zero there is no control.
"""

PRECISION = 0.25
"""The largest half-width of an interval of a cost, as a share of the cost."""


def check_steps(valid_steps: Sequence[int], made: int) -> StepsCheck:
    """Check that enough of the `made` steps are valid; `valid_steps` are the numbers of Services of the valid ones."""
    valid, zeros = len(valid_steps), valid_steps.count(0)
    return StepsCheck(
        holds=valid >= FEWEST_STEPS and zeros >= FEWEST_ZEROS and valid > zeros,
        made=made,
        valid=valid,
        valid_at_zero=zeros,
        least=FEWEST_STEPS,
        least_at_zero=FEWEST_ZEROS,
    )


def check_aa_pairs(differences: Sequence[Range]) -> AAPairsCheck:
    """Check that targets which are measured under two labels (A/A pairs) show no difference.

    The 95% interval of a pair's difference must contain 0 in 95% of pairs. The pairs have separate samples, so the
    number of intervals that contain 0 has a binomial distribution, from which the least acceptable number is taken.
    """
    alike = sum(one.low <= 0 <= one.high for one in differences)
    fewest = int(scipy.stats.binom.ppf(FALSE_ALARM_RATE, len(differences), 0.95))
    return AAPairsCheck(holds=alike >= fewest, pairs=len(differences), alike=alike, least=fewest)


def check_cost_per_rule(swept: Sequence[Sequence[Walk]], chain: Sequence[Sequence[Walk]]) -> CostPerRuleCheck:
    """Check that a rule of kube-proxy costs as much as one in a `chain` that never matches, measured at the same time.

    Both arguments hold the comparisons of each step. Steps with few rules are ignored if enough others remain. Both
    costs must be known to within 25%, because wide intervals overlap whatever the costs are.
    """
    unknown = _why_unknown(swept, chain)
    if unknown is not None:
        return CostPerRuleCheck(holds=False, precision=PRECISION, unknown=unknown)
    ours, theirs = cost_per_rule(_steps_with_many_rules(swept)), cost_per_rule(_steps_with_many_rules(chain))
    precise = all(cost.high - cost.value < PRECISION * cost.value for cost in (ours, theirs))
    return CostPerRuleCheck(
        holds=precise and agree(ours, theirs),
        sweep_ns=interval_of(ours, NS_PER_US),
        chain_ns=interval_of(theirs, NS_PER_US),
        precise=precise,
        precision=PRECISION,
    )


def _why_unknown(swept: Sequence[Sequence[Walk]], chain: Sequence[Sequence[Walk]]) -> NoCostPerRule | None:
    if not any(chain):
        return NoCostPerRule.NO_CHAIN
    fewest = min(sum(bool(step) for step in steps) for steps in (swept, chain))
    return NoCostPerRule.RULES_MOVED if fewest < FEWEST_STEPS else None


def _steps_with_many_rules(steps: Sequence[Sequence[Walk]]) -> Sequence[Sequence[Walk]]:
    many = [step for step in steps if has_many_rules(step)]
    return many if len(many) >= FEWEST_STEPS else steps


def check_cost_per_service(swept: Slope, most: int) -> CostPerServiceCheck:
    """Check that an additional Service costs nothing where the kernel finds service addresses by look-up.

    `swept` is the slope in microseconds per Service, over up to `most` Services. Its interval must contain 0. In a long
    sweep it must also be narrower than a nanosecond; a short one cannot determine the slope so precisely.
    """
    width_ns = (swept.high - swept.low) * NS_PER_US
    must_be_narrow = most >= LONG_SWEEP
    return CostPerServiceCheck(
        holds=swept.low <= 0 <= swept.high and (width_ns < NARROW_NS or not must_be_narrow),
        service_ns=slope_interval(swept, NS_PER_US),
        narrow_ns=NARROW_NS if must_be_narrow else None,
    )


def check_delay(found: Mapping[int, Range], passages: int, lines: Lines) -> KnownDelayCheck:
    """Check that a microsecond of added delay is measured as one microsecond.

    `found` maps each delay per passage to the measured difference; a handshake passes the delayed device `passages`
    times. `lines` are those of the measured difference over the total delay.

    A delayed packet also waits for a timer and its interrupt, which takes the same time for every delay. Each
    difference is too large by that time, but the slope over several delays is not.
    """
    return KnownDelayCheck(
        holds=lines.slope.low <= 1 <= lines.slope.high,
        slope=interval_of(lines.slope),
        constant_us=lines.at(0).value,
        passages=passages,
        delays=tuple(MeasuredDelay(delay_us, interval_of(longer)) for delay_us, longer in found.items()),
    )
