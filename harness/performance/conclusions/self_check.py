"""Self-checks of the performance suite: whether its measurements are good enough to draw conclusions from.

They check that enough steps are valid, that A/A pairs (one target under two labels) do not differ, that a rule of
kube-proxy costs as much as one in a calibration chain, and that a known delay is measured correctly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import scipy

from harness.performance.conclusions.cost_per_rule import MANY_RULES, mean_cost, step_costs
from harness.performance.conclusions.swept import FIRST, LAST, SweptStep
from harness.performance.intervals import interval_of
from harness.performance.sweep.positions import POSITIONS
from harness.statistics.comparison import Range
from harness.statistics.line import FEWEST_STEPS, Lines
from reports.model import MeasurementName
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

FEWEST_ZEROS = 2
"""The least number of valid steps at zero Services: with fewer, a change of the host is not seen."""

FEWEST_COSTS = 3
"""The least number of steps in which the cost per rule is known."""

ALLOWED_SHARE = 0.25
ALLOWED_NS = 2.0
"""By how much a rule may differ from one in the calibration chain: by a quarter of its cost, in a long sweep by no more
than two nanoseconds."""


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


def check_aa_pairs(steps: Sequence[SweptStep]) -> AAPairsCheck:
    """Check that targets which are measured under two labels (A/A pairs) show no difference.

    The 95% interval of a pair's difference must contain 0 in 95% of pairs. The pairs have separate samples, so the
    number of intervals that contain 0 has a binomial distribution, from which the least acceptable number is taken.
    """
    differences = list(_aa_differences(steps))
    alike = sum(one.low <= 0 <= one.high for one in differences)
    fewest = int(scipy.stats.binom.ppf(FALSE_ALARM_RATE, len(differences), 0.95))
    return AAPairsCheck(holds=bool(differences) and alike >= fewest, pairs=len(differences), alike=alike, least=fewest)


def _aa_differences(steps: Sequence[SweptStep]) -> Iterator[Range]:
    for step in steps:
        for position in POSITIONS:
            pair = (step.of(name, position) for name in (MeasurementName.FIRST_PACKET, MeasurementName.FIRST_PACKET_AA))
            difference = step.difference_us(*pair)
            if difference is not None:
                yield difference


def check_cost_per_rule(steps: Sequence[SweptStep]) -> CostPerRuleCheck:
    """Check that a rule of kube-proxy costs nearly as much as one in a chain that never matches.

    Both are measured at the same time and compared step by step. The 95% interval of the mean difference must lie
    within the allowed difference, so that neither a larger one nor an imprecise measurement passes (a test of
    equivalence: Schuirmann 1987, https://doi.org/10.1007/BF01068419). Equal to the last tenth of a nanosecond they
    cannot be: they have the same shape, but not the same places in memory and in the processor's caches.
    """
    costs = list(step_costs(steps))
    if len(costs) < FEWEST_COSTS:
        return CostPerRuleCheck(holds=False, unknown=_why_unknown(steps))
    swept, chain, apart = (
        mean_cost(found)
        for found in (
            [cost.sweep_ns for cost in costs],
            [cost.chain_ns for cost in costs],
            [cost.sweep_ns - cost.chain_ns for cost in costs],
        )
    )
    is_long = max(step.services for step in steps) >= LONG_SWEEP
    share_ns = ALLOWED_SHARE * chain.value
    allowed_ns = min(share_ns, ALLOWED_NS) if is_long else share_ns
    return CostPerRuleCheck(
        holds=-allowed_ns <= apart.low and apart.high <= allowed_ns,
        sweep_ns=interval_of(swept),
        chain_ns=interval_of(chain),
        apart_ns=interval_of(apart),
        allowed_ns=allowed_ns,
        detectable_ns=detectable(apart, len(costs), allowed_ns),
    )


def detectable(mean: Range, values: int, allowed: float) -> float:
    """Return the true mean that fails a test of equivalence in four of five repetitions with so many values.

    The test fails if the mean lies less than the interval's half-width below `allowed`. In four of five repetitions, a
    mean lies below its true value by less than the 80% quantile of its error. It is 0 if every mean fails as often.
    """
    freedom = values - 1
    ratio = float(scipy.stats.t.ppf(0.8, freedom) / scipy.stats.t.ppf(0.975, freedom))
    return max(0.0, allowed - (mean.high - mean.value) * (1 - ratio))


def _why_unknown(steps: Sequence[SweptStep]) -> NoCostPerRule:
    if not any(step.chain() for step in steps):
        return NoCostPerRule.NO_CHAIN
    many = [step for step in steps if _rules_between(step) >= MANY_RULES]
    return NoCostPerRule.FEW_RULES if len(many) < FEWEST_COSTS else NoCostPerRule.RULES_MOVED


def _rules_between(step: SweptStep) -> int:
    """Return the rules between the first and the last Service when the step began."""
    places = (step.of(MeasurementName.FIRST_PACKET, position) for position in (FIRST, LAST))
    first, last = (0 if place is None else place.conditions.rules_walked or 0 for place in places)
    return last - first


def check_cost_per_service(per_1000_us: Range, most: int) -> CostPerServiceCheck:
    """Check that an additional Service costs nothing where the kernel finds service addresses by look-up.

    `per_1000_us` is the growth per 1,000 Services, over up to `most` Services, so as many nanoseconds per Service. Its
    interval must contain 0. In a long sweep it must also be narrower than a nanosecond; a short one cannot determine
    the growth so precisely.
    """
    must_be_narrow = most >= LONG_SWEEP
    return CostPerServiceCheck(
        holds=per_1000_us.low <= 0 <= per_1000_us.high
        and (per_1000_us.high - per_1000_us.low < NARROW_NS or not must_be_narrow),
        service_ns=interval_of(per_1000_us),
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
