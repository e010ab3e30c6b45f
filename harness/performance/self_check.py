"""The laboratory checks itself: are twins alike, does a rule cost what it costs where nothing else is, and is a known
delay found again?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from harness.performance.cost_per_rule import MANY_RULES, NS_PER_US, Walk, agree, cost_per_rule, farthest
from harness.statistics.comparison import Range
from harness.statistics.slope import Slope
from reports.model import SELF_CHECK, Finding

RARE = 0.005
"""A check that holds fails by chance this rarely, at most."""

NARROW_NS = 1.0
WHOLE = 5000
"""Services of a sweep that is long enough to tell a nanosecond for each."""

FEWEST_STEPS, FEWEST_ZEROS = 3, 2
"""Through fewer no line says how far its points lie from it, and no control is left."""

SURE = 0.25
"""Of a cost, that the half of its interval may be."""


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """One check, whether it holds, and its figures in words and as numbers."""

    holds: bool
    figures: str
    numbers: dict[str, float]


def check_steps(valid_steps: Sequence[int], made: int) -> SelfCheck:
    """Enough steps are sound to conclude from; `valid_steps` are their numbers of Services, of so many steps made."""
    zeros = valid_steps.count(0)
    figures = f"{len(valid_steps)} of {made} steps are sound, {zeros} of them at zero Services"
    if len(valid_steps) < made:
        figures += f" (at least {FEWEST_STEPS} and {FEWEST_ZEROS} are needed)"
    holds = len(valid_steps) >= FEWEST_STEPS and zeros >= FEWEST_ZEROS and len(valid_steps) > zeros
    return SelfCheck(holds, figures, {"steps": made, "steps_sound": len(valid_steps)})


def check_aa_pairs(differences: Sequence[Range]) -> SelfCheck:
    """One target under two names: of the 95% intervals of their differences 95 of 100 hold 0.

    How few may do so by chance is the binomial distribution's; twins are measured each with samples of its own.
    """
    hold = sum(one.low <= 0 <= one.high for one in differences)
    fewest = int(stats.binom.ppf(RARE, len(differences), 0.95))
    figures = f"{hold} of {len(differences)} pairs of twins differ by no more than their interval (at least {fewest})"
    return SelfCheck(hold >= fewest, figures, {"twins": len(differences), "twins_alike": hold})


def check_cost_per_rule(swept: Sequence[Sequence[Walk]], chain: Sequence[Sequence[Walk]]) -> SelfCheck:
    """A rule of kube-proxy's costs what a rule that never matches costs, of a `chain` walked in the same moments.

    Both by step, by those in which many rules are walked if these are enough; and both must be known to a quarter, or
    they would agree whatever they are.
    """
    if not any(chain):
        return SelfCheck(False, "no chain was walked beside the sweep, so that nothing tells what a rule must cost", {})
    if min(sum(bool(step) for step in steps) for steps in (swept, chain)) < FEWEST_STEPS:
        return SelfCheck(False, "rules moved while they were walked, so that nothing tells what one of them costs", {})
    ours, theirs = cost_per_rule(_telling(swept)), cost_per_rule(_telling(chain))
    sure = all(cost.high - cost.value < SURE * cost.value for cost in (ours, theirs))
    unsure = "" if sure else ", which is not known to a quarter"
    figures = f"a rule costs {_ns(ours)} in the sweep and {_ns(theirs)} in a chain that never matches{unsure}"
    numbers = {**_numbers("rule", ours), **_numbers("calibrated_rule", theirs)}
    return SelfCheck(sure and agree(ours, theirs), figures, numbers)


def _telling(steps: Sequence[Sequence[Walk]]) -> Sequence[Sequence[Walk]]:
    many = [step for step in steps if step and farthest(step)[0] >= MANY_RULES]
    return many if len(many) >= FEWEST_STEPS else steps


def check_look_up(swept: Slope, most: int) -> SelfCheck:
    """Where fronts are looked up, one Service more costs nothing; the slope, in us per Service, is of up to `most`.

    A whole sweep must be sure of it to a nanosecond; a shorter one has too short a lever.
    """
    width_ns = (swept.high - swept.low) * NS_PER_US
    sure = width_ns < NARROW_NS or most < WHOLE
    must = f"hold 0 and be narrower than {NARROW_NS:g} ns" if most >= WHOLE else "hold 0"
    slope = Range(swept.per_unit, swept.low, swept.high)
    figures = f"a Service more costs {_ns(slope)}, which must {must}"
    return SelfCheck(swept.low <= 0 <= swept.high and sure, figures, _numbers("service", slope))


def check_delay(found: Mapping[int, Range], passages: int, slope: Slope) -> SelfCheck:
    """A microsecond more on the path is found as one; `found` tells what each delay came to, of so many passages.

    A delayed packet waits for a timer and its interrupt as well, which costs it the same whatever the delay, so that a
    delay alone is found too long by that much, and the slope over several is the delay's own.
    """
    told = ", ".join(f"{delay_us} us as {longer} us" for delay_us, longer in found.items())
    value, low, high = slope.per_unit, slope.low, slope.high
    times = f"{passages} passages" if passages > 1 else "one passage"
    figures = (
        f"with a known delay, {times} of it, the first packet took longer by: {told}; a microsecond of delay more is "
        f"found as {value:.3f} us ({low:.3f} to {high:.3f}), and {slope.at_zero:.1f} us are the timers' own"
    )
    numbers = {f"delay_{delay_us}_us": round(longer.value, 3) for delay_us, longer in found.items()}
    numbers |= {"delay_slope": round(value, 4), "delay_slope_low": round(low, 4), "delay_slope_high": round(high, 4)}
    return SelfCheck(low <= 1 <= high, figures, numbers)


def finding(checks: Sequence[SelfCheck], mode: str) -> Finding:
    """All checks as one record of the report."""
    holds = all(check.holds for check in checks)
    told = "; ".join(check.figures for check in checks)
    numbers = {name: value for check in checks for name, value in check.numbers.items()}
    beginning = "The laboratory has checked itself" if holds else "A self-check does not hold, so conclude nothing"
    statement = f"{beginning} ({mode} mode): {told}."
    return Finding(SELF_CHECK, statement, {"holds": int(holds), **numbers}, "95% intervals")


def _ns(cost_us: Range) -> str:
    value, low, high = (us * NS_PER_US for us in (cost_us.value, cost_us.low, cost_us.high))
    return f"{value:.2f} ns ({low:.2f} to {high:.2f})"


def _numbers(name: str, cost_us: Range) -> dict[str, float]:
    values = {"": cost_us.value, "_low": cost_us.low, "_high": cost_us.high}
    return {f"{name}_ns{end}": round(value * NS_PER_US, 4) for end, value in values.items()}
