"""Sample results of a run."""

from __future__ import annotations

import re

from reports.model import (
    CaseResult,
    ClaimResult,
    Conditions,
    Measurement,
    MeasurementName,
    Outcome,
    RunInfo,
    RunResults,
    Verdict,
)
from reports.model.findings import StatedFinding

RUN = RunInfo(
    id="20261124T000000Z-iptables",
    started="2026-11-24T00:00:00+00:00",
    finished="2026-11-24T00:05:00+00:00",
    mode="iptables",
    source="built",
    substrate="host",
    kubernetes="1.37.2",
    kernel="6.18",
    nodes=3,
    cpus=2,
    seed=7,
    argv=("pytest", "suites"),
)


def case(name: str, outcome: Outcome = Outcome.PASSED, reason: str = "") -> CaseResult:
    """Return the result of a case."""
    return CaseResult(f"suites/services/test_a.py::{name}", "services", outcome, reason, 1.5)


def claim(number: str, verdict: Verdict) -> ClaimResult:
    """Return the result of a claim."""
    return ClaimResult(number, f"claim {number} is so.", verdict, "", "It was seen.", ())


def measured(
    services: int,
    position: str = "end",
    p50: float = 100.0,
    *,
    name: MeasurementName = MeasurementName.FIRST_PACKET,
) -> Measurement:
    """Return a measurement of first packets in microseconds."""
    quantiles = {"p50": p50, "p90": p50 * 1.5, "p99": p50 * 3}
    return Measurement(
        name=name,
        unit="us",
        conditions=Conditions(services=services, position=position, clock="kernel", rules_walked=services),
        n=1000,
        errors=0,
        quantiles=quantiles,
        ci95={name: (value * 0.95, value * 1.05) for name, value in quantiles.items()},
    )


def stated(statement: str) -> StatedFinding:
    """Return a finding in its author's words."""
    return StatedFinding(topic="growth", statement=statement, method="Theil-Sen", numbers={"slope_us": 50.0})


RESULTS = RunResults(
    run=RUN,
    environment={"nft": "1.0.6"},
    cases=(case("test_b"), case("test_a")),
    claims=(claim("15.1", Verdict.CONFIRMED), claim("2.5", Verdict.UNTESTED), claim("16.1", Verdict.REFUTED)),
    measurements=(measured(0), measured(1000, p50=150.0)),
    findings=(stated("It grows."),),
)


def without_links(page: str) -> str:
    """Return a page without its links, such as those to the glossary."""
    return re.sub(r"</?a\b[^>]*>", "", page)


def shown(page: str) -> str:
    """Return a page without its scripts and the data in them."""
    return re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
