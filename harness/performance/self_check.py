"""Self-checks of the performance suite: whether its measurements are good enough to draw conclusions from.

They check that enough steps are valid, that A/A pairs (one target under two labels) do not differ, that a rule of
kube-proxy costs as much as one in a calibration chain, and that a known delay is measured correctly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from harness.performance.cost_per_rule import NS_PER_US, Walk, agree, cost_per_rule, has_many_rules
from harness.statistics.comparison import Range
from harness.statistics.slope import Slope
from reports.model import SELF_CHECK, Finding

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


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The result of one check: whether it passed, and its figures as text and as numbers."""

    holds: bool
    figures: str
    numbers: dict[str, float]


def check_steps(valid_steps: Sequence[int], made: int) -> SelfCheck:
    """Check that enough of the `made` steps are valid; `valid_steps` are the numbers of Services of the valid ones."""
    zeros = valid_steps.count(0)
    figures = f"{len(valid_steps)} of {made} steps are valid, {zeros} of them at zero Services"
    if len(valid_steps) < made:
        figures += f" (at least {FEWEST_STEPS} and {FEWEST_ZEROS} are needed)"
    holds = len(valid_steps) >= FEWEST_STEPS and zeros >= FEWEST_ZEROS and len(valid_steps) > zeros
    return SelfCheck(holds, figures, {"steps": made, "steps_sound": len(valid_steps)})


def check_aa_pairs(differences: Sequence[Range]) -> SelfCheck:
    """Check that targets which are measured under two labels (A/A pairs) show no difference.

    The 95% interval of a pair's difference must contain 0 in 95% of pairs. The pairs have separate samples, so the
    number of intervals that contain 0 has a binomial distribution, from which the least acceptable number is taken.
    """
    alike = sum(one.low <= 0 <= one.high for one in differences)
    fewest = int(stats.binom.ppf(FALSE_ALARM_RATE, len(differences), 0.95))
    figures = (
        f"the 95% interval of the difference contains 0 in {alike} of {len(differences)} A/A pairs "
        f"(at least {fewest} are needed)"
    )
    return SelfCheck(alike >= fewest, figures, {"twins": len(differences), "twins_alike": alike})


def check_cost_per_rule(swept: Sequence[Sequence[Walk]], chain: Sequence[Sequence[Walk]]) -> SelfCheck:
    """Check that a rule of kube-proxy costs as much as one in a `chain` that never matches, measured at the same time.

    Both arguments hold the comparisons of each step. Steps with few rules are ignored if enough others remain. Both
    costs must be known to within 25%, because wide intervals overlap whatever the costs are.
    """
    if not any(chain):
        reason = "no calibration chain was measured during the sweep, so the cost per rule cannot be checked"
        return SelfCheck(False, reason, {})
    if min(sum(bool(step) for step in steps) for steps in (swept, chain)) < FEWEST_STEPS:
        reason = "rules moved during the measurement in too many steps, so the cost per rule is unknown"
        return SelfCheck(False, reason, {})
    ours, theirs = cost_per_rule(_steps_with_many_rules(swept)), cost_per_rule(_steps_with_many_rules(chain))
    precise = all(cost.high - cost.value < PRECISION * cost.value for cost in (ours, theirs))
    imprecise = "" if precise else f", and not both are known to within {PRECISION:.0%}"
    figures = f"a rule costs {_ns(ours)} in the sweep and {_ns(theirs)} in a chain that never matches{imprecise}"
    numbers = {**_numbers("rule", ours), **_numbers("calibrated_rule", theirs)}
    return SelfCheck(precise and agree(ours, theirs), figures, numbers)


def _steps_with_many_rules(steps: Sequence[Sequence[Walk]]) -> Sequence[Sequence[Walk]]:
    many = [step for step in steps if has_many_rules(step)]
    return many if len(many) >= FEWEST_STEPS else steps


def check_cost_per_service(swept: Slope, most: int) -> SelfCheck:
    """Check that an additional Service costs nothing where the kernel finds service addresses by look-up.

    `swept` is the slope in microseconds per Service, over up to `most` Services. Its interval must contain 0. In a long
    sweep it must also be narrower than a nanosecond; a short one cannot determine the slope so precisely.
    """
    width_ns = (swept.high - swept.low) * NS_PER_US
    precise = width_ns < NARROW_NS or most < LONG_SWEEP
    must = f"contain 0 and be narrower than {NARROW_NS:g} ns" if most >= LONG_SWEEP else "contain 0"
    slope = Range(swept.per_unit, swept.low, swept.high)
    figures = f"each additional Service costs {_ns(slope)}; the interval must {must}"
    return SelfCheck(swept.low <= 0 <= swept.high and precise, figures, _numbers("service", slope))


def check_delay(found: Mapping[int, Range], passages: int, slope: Slope) -> SelfCheck:
    """Check that a microsecond of added delay is measured as one microsecond.

    `found` maps each delay per passage to the measured difference; a handshake passes the delayed device `passages`
    times. `slope` is the measured difference over the total delay.

    A delayed packet also waits for a timer and its interrupt, which takes the same time for every delay. Each
    difference is too large by that time, but the slope over several delays is not.
    """
    differences = ", ".join(f"{delay_us} us was measured as {longer} us" for delay_us, longer in found.items())
    value, low, high = slope.per_unit, slope.low, slope.high
    times = f"{passages} passages" if passages > 1 else "one passage"
    figures = (
        f"each microsecond of added delay is measured as {value:.3f} us ({low:.3f} to {high:.3f}), and the timers of "
        f"the delay add a constant {slope.at_zero:.1f} us; with {times} of the delay per handshake, {differences}"
    )
    numbers = {f"delay_{delay_us}_us": round(longer.value, 3) for delay_us, longer in found.items()}
    numbers |= {"delay_slope": round(value, 4), "delay_slope_low": round(low, 4), "delay_slope_high": round(high, 4)}
    return SelfCheck(low <= 1 <= high, figures, numbers)


def finding(checks: Sequence[SelfCheck], mode: str) -> Finding:
    """Return all checks as one finding of the report."""
    holds = all(check.holds for check in checks)
    figures = "; ".join(check.figures for check in checks)
    numbers = {name: value for check in checks for name, value in check.numbers.items()}
    beginning = "All self-checks passed" if holds else "A self-check failed, so conclude nothing from the measurements"
    statement = f"{beginning} ({mode} mode): {figures}."
    return Finding(SELF_CHECK, statement, {"holds": int(holds), **numbers}, "95% intervals")


def _ns(cost_us: Range) -> str:
    value, low, high = (us * NS_PER_US for us in (cost_us.value, cost_us.low, cost_us.high))
    return f"{value:.2f} ns ({low:.2f} to {high:.2f})"


def _numbers(name: str, cost_us: Range) -> dict[str, float]:
    values = {"": cost_us.value, "_low": cost_us.low, "_high": cost_us.high}
    return {f"{name}_ns{end}": round(value * NS_PER_US, 4) for end, value in values.items()}
