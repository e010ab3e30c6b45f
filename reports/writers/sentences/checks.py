"""Sentences about self-checks."""

from __future__ import annotations

from reports.model.findings import (
    AAPairsCheck,
    CostPerRuleCheck,
    CostPerServiceCheck,
    KnownDelayCheck,
    KnownDelayFinding,
    NoCostPerRule,
    SelfCheck,
    SelfCheckFinding,
    StatedCheck,
    StepsCheck,
)
from reports.writers.readable import fixed, scaled, short, with_ends
from reports.writers.sentences.sentence import Sentence

NS_PLACES = 2
UNKNOWN_COST = {
    NoCostPerRule.NO_CHAIN: (
        "no calibration chain was measured during the sweep, so the cost per rule cannot be checked"
    ),
    NoCostPerRule.RULES_MOVED: "rules moved during the measurement in too many steps, so the cost per rule is unknown",
    NoCostPerRule.FEW_RULES: "too few steps have many rules to traverse, so the cost per rule is unknown",
    None: "the cost per rule is unknown",
}


def self_checks(found: SelfCheckFinding) -> Sentence:
    beginning = (
        "All self-checks passed" if found.holds else "A self-check failed, so conclude nothing from the measurements"
    )
    figures = "; ".join(map(_figures, found.checks)) or "their figures are not known"
    return Sentence(f"{beginning} ({found.mode} mode): {figures}.", "95% intervals")


def known_delay(found: KnownDelayFinding) -> Sentence:
    return Sentence(f"In {found.mode} mode, {_delay(found.delay)}.", "not a check: a guest's timers")


def _figures(check: SelfCheck) -> str:
    match check:
        case StepsCheck():
            return _steps(check)
        case AAPairsCheck():
            least = "" if check.least is None else f" (at least {check.least} are needed)"
            return f"the 95% interval of the difference contains 0 in {check.alike} of {check.pairs} A/A pairs{least}"
        case CostPerRuleCheck():
            return _cost_per_rule(check)
        case CostPerServiceCheck():
            narrow = "" if check.narrow_ns is None else f" and be narrower than {short(check.narrow_ns)} ns"
            cost = with_ends(check.service_ns, NS_PLACES, " ns")
            return f"each additional Service costs {cost}; the interval must contain 0{narrow}"
        case KnownDelayCheck():
            return _delay(check)
        case StatedCheck():
            return check.statement.rstrip(".")


def _steps(check: StepsCheck) -> str:
    zeros = "" if check.valid_at_zero is None else f", {check.valid_at_zero} of them at zero Services"
    needed = ""
    if check.valid < check.made and check.least is not None:
        needed = f" (at least {check.least} and {check.least_at_zero} are needed)"
    return f"{check.valid} of {check.made} steps are valid{zeros}{needed}"


def _cost_per_rule(check: CostPerRuleCheck) -> str:
    if check.sweep_ns is None or check.chain_ns is None:
        return UNKNOWN_COST[check.unknown]
    ours, theirs = (with_ends(cost, NS_PLACES, " ns") for cost in (check.sweep_ns, check.chain_ns))
    if check.apart_ns is not None:
        apart = with_ends(check.apart_ns, NS_PLACES, " ns")
        return (
            f"a rule costs {ours} in the sweep and {theirs} in a chain that never matches; step by step the difference "
            f"is {apart}, which must lie within {fixed(check.allowed_ns, 1)} ns of 0. "
            f"{_detectable(check.detectable_ns)} would fail this check in four of five such sweeps"
        )
    imprecise = "" if check.precise else f", and not both are known to within {fixed(scaled(check.precision, 100), 0)}%"
    return f"a rule costs {ours} in the sweep and {theirs} in a chain that never matches{imprecise}"


def _delay(check: KnownDelayCheck) -> str:
    differences = "".join(
        f", {short(delay.added_us)} us was measured as {with_ends(delay.measured_us)} us" for delay in check.delays
    )
    slope = check.slope
    times = f"{check.passages} passages" if check.passages > 1 else "one passage"
    return (
        f"each microsecond of added delay is measured as {fixed(slope.value, 3)} us ({fixed(slope.low, 3)} to "
        f"{fixed(slope.high, 3)}), and the timers of the delay add a constant {fixed(check.constant_us)} us; with "
        f"{times} of the delay per handshake{differences}"
    )


def _detectable(detectable_ns: float | None) -> str:
    if detectable_ns == 0:
        return "It is not known well enough for that: even a true difference of 0"
    return f"A true difference of {fixed(detectable_ns, 1)} ns"
