"""A sample of every kind of finding about self-checks, with the sentence that a report shows."""

from __future__ import annotations

from dataclasses import replace

from reports.model import Finding, Interval
from reports.model.findings import (
    AAPairsCheck,
    CostPerRuleCheck,
    CostPerServiceCheck,
    KnownDelayCheck,
    KnownDelayFinding,
    MeasuredDelay,
    NoCostPerRule,
    SelfCheckFinding,
    StatedCheck,
    StepsCheck,
)

STEPS = StepsCheck(holds=True, made=8, valid=7, valid_at_zero=2, least=3, least_at_zero=2)
AA_PAIRS = AAPairsCheck(holds=True, pairs=24, alike=23, least=19)
COST_PER_RULE = CostPerRuleCheck(
    holds=True,
    sweep_ns=Interval(51.9034, 46.3208, 57.486),
    chain_ns=Interval(50.4693, 46.5847, 54.3539),
    precision=0.25,
)
COST_PER_SERVICE = CostPerServiceCheck(holds=True, service_ns=Interval(0.07, -0.12, 0.27), narrow_ns=1.0)
DELAY = KnownDelayCheck(
    holds=True,
    slope=Interval(0.9989, 0.9951, 1.0027),
    constant_us=6.25,
    passages=2,
    delays=(MeasuredDelay(50.0, Interval(107.2, 104.9, 109.1)), MeasuredDelay(200.0, Interval(406.0, 404.0, 408.0))),
)

CHECKS: dict[str, tuple[Finding, str]] = {
    "self-checks": (
        SelfCheckFinding(mode="iptables", checks=(STEPS, AA_PAIRS, COST_PER_RULE, COST_PER_SERVICE, DELAY)),
        "All self-checks passed (iptables mode): 7 of 8 steps are valid, 2 of them at zero Services (at least 3 and 2 "
        "are needed); the 95% interval of the difference contains 0 in 23 of 24 A/A pairs (at least 19 are needed); a "
        "rule costs 51.90 ns (46.32 to 57.49) in the sweep and 50.47 ns (46.58 to 54.35) in a chain that never "
        "matches; each additional Service costs 0.07 ns (-0.12 to 0.27); the interval must contain 0 and be narrower "
        "than 1 ns; each microsecond of added delay is measured as 0.999 us (0.995 to 1.003), and the timers of the "
        "delay add a constant 6.2 us; with 2 passages of the delay per handshake, 50 us was measured as 107.2 (104.9 "
        "to 109.1) us, 200 us was measured as 406.0 (404.0 to 408.0) us.",
    ),
    "a failed self-check": (
        SelfCheckFinding(
            mode="iptables",
            checks=(CostPerRuleCheck(holds=False, precision=0.25, unknown=NoCostPerRule.RULES_MOVED),),
        ),
        "A self-check failed, so conclude nothing from the measurements (iptables mode): rules moved during the "
        "measurement in too many steps, so the cost per rule is unknown.",
    ),
    "a self-check without a chain": (
        SelfCheckFinding(
            mode="iptables",
            checks=(CostPerRuleCheck(holds=False, precision=0.25, unknown=NoCostPerRule.NO_CHAIN),),
        ),
        "A self-check failed, so conclude nothing from the measurements (iptables mode): no calibration chain was "
        "measured during the sweep, so the cost per rule cannot be checked.",
    ),
    "an imprecise self-check": (
        SelfCheckFinding(
            mode="iptables",
            checks=(replace(COST_PER_RULE, holds=False, precise=False), replace(DELAY, passages=1, delays=())),
        ),
        "A self-check failed, so conclude nothing from the measurements (iptables mode): a rule costs 51.90 ns (46.32 to "
        "57.49) in the sweep and 50.47 ns (46.58 to 54.35) in a chain that never matches, and not both are known to "
        "within 25%; each microsecond of added delay is measured as 0.999 us (0.995 to 1.003), and the timers of the "
        "delay add a constant 6.2 us; with one passage of the delay per handshake.",
    ),
    "a cost per rule beside a chain": (
        SelfCheckFinding(
            mode="iptables",
            checks=(
                replace(
                    COST_PER_RULE,
                    apart_ns=Interval(1.4341, -0.5, 3.3682),
                    allowed_ns=6.3087,
                    detectable_ns=5.12,
                    precision=None,
                ),
            ),
        ),
        "All self-checks passed (iptables mode): a rule costs 51.90 ns (46.32 to 57.49) in the sweep and 50.47 ns (46.58 "
        "to 54.35) in a chain that never matches; step by step the difference is 1.43 ns (-0.50 to 3.37), which must "
        "lie within 6.3 ns of 0. A true difference of 5.1 ns would fail this check in four of five such sweeps.",
    ),
    "a cost per rule that is not known well enough to be checked": (
        SelfCheckFinding(
            mode="iptables",
            checks=(
                replace(
                    COST_PER_RULE,
                    holds=False,
                    apart_ns=Interval(3.28, -8.77, 15.33),
                    allowed_ns=3.8,
                    detectable_ns=0.0,
                    precision=None,
                ),
            ),
        ),
        "A self-check failed, so conclude nothing from the measurements (iptables mode): a rule costs 51.90 ns (46.32 to "
        "57.49) in the sweep and 50.47 ns (46.58 to 54.35) in a chain that never matches; step by step the difference is "
        "3.28 ns (-8.77 to 15.33), which must lie within 3.8 ns of 0. It is not known well enough for that: even a true "
        "difference of 0 would fail this check in four of five such sweeps.",
    ),
    "a stated self-check": (
        SelfCheckFinding(mode="ipvs", checks=(StatedCheck(holds=False, statement="The pairs differ."),)),
        "A self-check failed, so conclude nothing from the measurements (ipvs mode): The pairs differ.",
    ),
    "a known delay": (
        KnownDelayFinding(mode="ipvs", delay=DELAY),
        "In ipvs mode, each microsecond of added delay is measured as 0.999 us (0.995 to 1.003), and the timers of the "
        "delay add a constant 6.2 us; with 2 passages of the delay per handshake, 50 us was measured as 107.2 (104.9 "
        "to 109.1) us, 200 us was measured as 406.0 (404.0 to 408.0) us.",
    ),
}
