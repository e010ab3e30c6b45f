"""The figures that a result states, computed again from what it stores, and where the two differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clusters.spec import Mode
from harness.dataplane.modes import DATA_PLANES
from harness.performance.conclusions.cost_per_rule import cost_per_rule_finding
from harness.performance.conclusions.first_packet_sli import first_packet_sli
from harness.performance.conclusions.growth import growth
from harness.performance.conclusions.self_check import check_aa_pairs, check_cost_per_rule, check_cost_per_service
from harness.performance.conclusions.service_cost import service_costs
from harness.performance.conclusions.swept import SweptStep, swept_steps
from harness.statistics.line import FEWEST_STEPS
from harness.statistics.stored import with_quantiles
from reports.model import Finding, Measurement, MeasurementName, RunResults
from reports.model.findings import (
    AAPairsCheck,
    CostPerRuleCheck,
    CostPerRuleFinding,
    CostPerServiceCheck,
    FirstPacketSliFinding,
    GrowthFinding,
    SelfCheck,
    SelfCheckFinding,
)
from reports.model.histogram import UnreadableHistogram, recorded

RECOMPUTED = {"growth": GrowthFinding, "cost per rule": CostPerRuleFinding}
"""The findings that are computed again, by their kind."""

TRAVERSING = {str(mode) for mode in Mode if DATA_PLANES[mode].traverses_rules}
"""The modes in which packets traverse a rule for each Service."""

TOLERANCE = 1e-9
"""The relative difference up to which two numbers are the same: sums may be added up in another order."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A figure that is not what the stored samples give."""

    what: str
    stored: object
    computed: object

    def __str__(self) -> str:
        return f"{self.what}: {self.stored} is stored, {self.computed} was computed"


def disagreements(results: RunResults) -> Iterator[Disagreement]:
    """Yield the figures of measurements, growth, costs and self-checks that the samples of these results do not give.

    Results of earlier versions, whose measurements do not name their case, were computed in other ways: there is
    nothing to compare.
    """
    if not can_be_recomputed(results):
        return
    for found in results.measurements:
        if found.time_slices or found.samples:
            yield from _measurement(found)
    by_case = _sweeps_by_case(results.measurements)
    for kind, record in RECOMPUTED.items():
        stored = [asdict(found) for found in results.findings if isinstance(found, record)]
        computed = [asdict(found) for found in _findings(by_case, results) if isinstance(found, record)]
        yield from _compared(f"number of findings of {kind}", len(stored), len(computed))
        for ours, theirs in zip(stored, computed, strict=False):
            for name in ours:
                yield from _compared(f"{name} of {kind} in {ours['mode']} mode", ours[name], theirs[name])
    yield from _checks(by_case, results.findings)
    yield from _sli(results)
    for case, measured in by_case.items():
        costs = [found for found in measured if found.name is MeasurementName.SERVICE_COST]
        if costs:
            again = list(service_costs(swept_steps(measured)))
            figures = ([(one.conditions.step, one.quantiles, one.ci95) for one in found] for found in (costs, again))
            yield from _compared(f"costs of Services in {case}", *figures)


def can_be_recomputed(results: RunResults) -> bool:
    """Return whether the results were made by a version whose figures follow from what it stores."""
    return any(found.case for found in results.measurements)


def recomputed_figures(results: RunResults) -> int:
    """Return how many quantiles and their ends can be computed again from the stored samples."""
    return sum(3 * len(found.quantiles) for found in results.measurements if found.time_slices or found.samples)


def _measurement(found: Measurement) -> Iterator[Disagreement]:
    what = f"{found.name} ({_conditions(found)})"
    try:
        yield from _samples(found, what)
    except UnreadableHistogram as error:
        yield Disagreement(f"samples of {what}", "something", str(error))


def _samples(found: Measurement, what: str) -> Iterator[Disagreement]:
    again = with_quantiles(found)
    yield from _compared(f"quantiles of {what}", found.quantiles, again.quantiles)
    yield from _compared(f"intervals of {what}", _lists(found.ci95), _lists(again.ci95))
    if found.samples:
        seen = [one.latency_ms for one in found.samples if one.latency_ms is not None and one.latency_ms >= 0]
        yield from _compared(f"number of samples of {what}", found.n, len(seen))
        yield from _compared(f"errors of {what}", found.errors, len(found.samples) - len(seen))
    if found.time_slices:
        counted = sum((Counter(recorded(one.histogram)) for one in found.time_slices), Counter())
        yield from _compared(f"histogram of {what}", recorded(found.histogram), dict(counted))
        yield from _compared(f"number of samples of {what}", found.n, counted.total())


def _conditions(found: Measurement) -> str:
    words = (f"{name} {value}" for name, value in asdict(found.conditions).items() if value is not None)
    return ", ".join(words)


def _sweeps_by_case(measurements: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    """Return the measurements of each case that has steps of a sweep, in order."""
    by_case: dict[str, list[Measurement]] = {}
    for found in measurements:
        if found.case and found.conditions.step is not None:
            by_case.setdefault(found.case, []).append(found)
    return by_case


def _findings(by_case: dict[str, list[Measurement]], results: RunResults) -> Iterator[Finding]:
    """Yield the findings of each case's sweep in the order of cases.

    A sweep of the performance suite whose self-check failed has no costs of Services, and no growth was concluded.
    """
    failed = any(isinstance(found, SelfCheckFinding) and not found.holds for found in results.findings)
    for measured in by_case.values():
        names = {found.name for found in measured}
        steps, mode = swept_steps(measured), measured[0].conditions.mode or ""
        checked = MeasurementName.FIRST_PACKET_AA in names
        if checked and mode in TRAVERSING:
            yield cost_per_rule_finding(steps, mode)
        if len(steps) >= FEWEST_STEPS and not (checked and failed):
            yield growth(steps).finding(mode)


def _checks(by_case: dict[str, list[Measurement]], stored: Sequence[Finding]) -> Iterator[Disagreement]:
    """Compare the self-checks that are computed from a sweep's measurements, if the run has one such sweep."""
    with_pairs = [
        swept_steps(measured)
        for measured in by_case.values()
        if any(found.name is MeasurementName.FIRST_PACKET_AA for found in measured)
    ]
    checks = [check for found in stored if isinstance(found, SelfCheckFinding) for check in found.checks]
    if len(with_pairs) != 1:
        return
    for check in checks:
        again = _checked_again(check, with_pairs[0])
        if again is not None:
            yield from _compared(f"self-check of {check.check}", asdict(check), asdict(again))


def _sli(results: RunResults) -> Iterator[Disagreement]:
    """Compare the findings of the SLI with the nodes' measurements; how many SYNs were sent again only they count."""
    by_case: dict[str, list[Measurement]] = {}
    for found in results.measurements:
        if found.name is MeasurementName.FIRST_PACKET_SLI:
            by_case.setdefault(found.case, []).append(found)
    findings = [found for found in results.findings if isinstance(found, FirstPacketSliFinding)]
    yield from _compared("number of findings of the SLI", len(findings), len(by_case))
    for stored, measured in zip(findings, by_case.values(), strict=False):
        again = first_packet_sli(measured, {node.node: node.retransmitted for node in stored.nodes})
        yield from _compared(f"first packet SLI in {stored.mode} mode", asdict(stored), asdict(again))


def _checked_again(check: SelfCheck, steps: Sequence[SweptStep]) -> SelfCheck | None:
    """Return the check computed from a sweep's steps; None if it does not rest on them alone."""
    match check:
        case AAPairsCheck():
            return check_aa_pairs(steps)
        case CostPerRuleCheck():
            return check_cost_per_rule(steps)
        case CostPerServiceCheck():
            grown = growth(steps)
            return check_cost_per_service(grown.per_1000_us, grown.most)
        case _:
            return None


def _lists(intervals: dict[str, tuple[float, float]]) -> dict[str, list[float]]:
    return {label: list(ends) for label, ends in intervals.items()}


def _compared(what: str, stored: object, computed: object) -> Iterator[Disagreement]:
    if not _same(stored, computed):
        yield Disagreement(what, stored, computed)


def _same(ours: Any, theirs: Any) -> bool:
    """Return whether two values are the same: numbers nearly, and containers by what they hold."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, float | int) and isinstance(theirs, float | int):
        return math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or (ours != ours and theirs != theirs)
    return bool(ours == theirs)
