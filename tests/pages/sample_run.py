"""A run that has everything a page can show."""

from __future__ import annotations

from dataclasses import replace

from harness.statistics.histogram import encode
from reports.model import CaseResult, Conditions, Interval, Measurement, MeasurementName, Outcome, TimeSlice, Verdict
from reports.model.findings import (
    AAPairsCheck,
    CostFinding,
    GrowthConclusion,
    GrowthFinding,
    LinePoint,
    PartFailures,
    SelfCheckFinding,
    StepUsage,
    UnderChangeFinding,
)
from tests.unit.reports.sample import RESULTS, claim, measured

SERVICES = (0, 10, 100, 1000, 5000, 10_000)
LATENCIES = encode(range(100, 400))


def _sweep() -> list[Measurement]:
    positions = ("head", "middle", "end", "same node")
    steps = [
        replace(
            measured(services, position, 100.0 + services / 50),
            histogram=LATENCIES,
            flags=("saturated",) if services == 5000 else (),
        )
        for services in SERVICES
        for position in positions
    ]
    wall = [replace(one, conditions=replace(one.conditions, clock="wall")) for one in steps]
    return [*steps, *wall]


def _traffic(part: str, begin_s: float) -> Measurement:
    return Measurement(
        name=MeasurementName.UNDER_CHANGE,
        unit="us",
        conditions=Conditions(change="A Deployment is updated", part=part, clock="wall"),
        n=300,
        errors=0,
        quantiles={},
        ci95={},
        time_slices=tuple(TimeSlice(begin_s + second, 1.0, LATENCIES) for second in range(5)),
    )


def _change(services: int) -> Measurement:
    return Measurement(
        name=MeasurementName.PROGRAMMING,
        unit="ms",
        conditions=Conditions(change="a Service is added", node="worker", services=services),
        n=200,
        errors=0,
        quantiles={"p50": 300.0 + services, "p90": 500.0 + services, "p99": 900.0 + services},
        ci95={"p50": (250.0 + services, 350.0 + services)},
    )


def _usage(services: int) -> StepUsage:
    return StepUsage(
        step=1,
        services=services,
        cpu_s=1.0,
        programs_cpu_s=0.5,
        memory_bytes=8e7,
        syncs=2,
        sync_s=services / 500,
        rules=4 * services,
        set_members=0,
        tracked=0,
    )


GROWTH = GrowthFinding(
    mode="iptables",
    conclusion=GrowthConclusion.GROWS,
    per_1000_services_us=Interval(20.0, 19.0, 21.0),
    at_zero_us=100.0,
    most_services=10_000,
    steps=6,
    baseline_corrected=False,
    line=tuple(LinePoint(services=x, us=Interval(100 + x / 50, 90 + x / 50, 110 + x / 50)) for x in SERVICES),
)
FINDINGS = (
    SelfCheckFinding(mode="iptables", checks=(AAPairsCheck(holds=True, pairs=24, alike=23, least=19),)),
    GROWTH,
    CostFinding(mode="iptables", node="worker", steps=tuple(map(_usage, SERVICES))),
    UnderChangeFinding(
        mode="iptables",
        change="A Deployment is updated",
        request_kind="http",
        rate_per_s=100.0,
        parts=(PartFailures(part="during", duration_s=5.0, messages={"refused": 3}),),
    ),
)
CASES = tuple(
    CaseResult(f"suites/services/test_{number % 7}.py::test_{number}", "services", Outcome.PASSED, "", number / 10)
    for number in range(1000)
)
FAILED = CaseResult("suites/probes/test_probes.py::test_fails", "probes", Outcome.FAILED, "assert 1 == 2", 3.0)
SKIPPED = CaseResult("suites/ipvs/test_ipset.py::test_skipped", "ipvs", Outcome.SKIPPED, "no ip_vs", 0.0)
CLAIMS = tuple(
    replace(
        claim(f"{number}.1", list(Verdict)[number % 3]),
        question=f"Question {number}?",
        advice="Do something." if number % 7 == 0 else "",
    )
    for number in range(1, 22)
)
WHOLE_RUN = replace(
    RESULTS,
    cases=(*CASES, FAILED, SKIPPED),
    claims=CLAIMS,
    measurements=(
        *_sweep(),
        *map(_change, SERVICES),
        _traffic("before", 0),
        _traffic("during", 5),
        _traffic("after", 10),
    ),
    findings=FINDINGS,
)
"""1,002 cases, 21 claims, and measurements for every chart."""
