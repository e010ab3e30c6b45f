"""The result of a run in one or two sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.model import CaseResult, MeasurementName, Outcome, RunResults
from reports.model.findings import GrowthConclusion, GrowthFinding
from reports.model.histogram import recorded_if_readable
from reports.writers.readable import finite, many, short, with_ends
from reports.writers.words import failed_self_checks, nothing_ran, planted_score

PERFORMANCE = "performance"
"""The suite whose cases measure."""

LATE_US = 5000
"""How much later than intended a request may start before it counts as late."""

MOST_NAMES = 3
"""The number of cases that are named."""


def headline(results: RunResults) -> tuple[str, ...]:
    """Return the run's result in one or two sentences: of its cases, of its sweep, or of both, failures first."""
    cases, sweep = _of_cases(results), _of_sweep(results)
    if not sweep:
        return (cases,)
    if results.failed or any(case.suite != PERFORMANCE for case in results.cases):
        return cases, sweep
    return (sweep, cases) if len(results.cases) > 1 else (sweep,)


def _of_cases(results: RunResults) -> str:
    failed, broken = (_with(results, outcome) for outcome in (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR))
    if results.run.finished is None:
        return "This run did not finish. This is what it had found until then."
    if score := planted_score(results):
        untried = f"; {len(broken)} more could not be planted" if broken else ""
        return f"The suites were tested with planted faults: {score}{untried}."
    passed, skipped = results.count(Outcome.PASSED), results.count(Outcome.SKIPPED)
    if failed:
        ran = passed + len(failed)
        broke = f" In {many(len(broken), 'more case')} the environment failed." if broken else ""
        return f"{passed} of {many(ran, 'case')} passed in {_mode(results)}; {_named(failed)} failed.{broke}"
    if broken:
        return (
            f"The environment failed in {many(len(broken), 'case')} ({_named(broken)}), so the verdict on Kubernetes "
            "is incomplete."
        )
    if not passed:
        return nothing_ran(results) or "No case ran."
    rest = f"; {skipped} {'was' if skipped == 1 else 'were'} skipped" if skipped else ""
    return f"{f'All {passed} cases' if passed > 1 else 'The one case'} passed in {_mode(results)}{rest}."


def _of_sweep(results: RunResults) -> str:
    if failed_self_checks(results):
        return "Draw no conclusion from its measurements: a self-check failed."
    growth = next((found for found in results.findings if _is_of_run(found, results)), None)
    return growth_verdict(growth, results) + _late(results) if isinstance(growth, GrowthFinding) else ""


def _late(results: RunResults) -> str:
    """Return how many requests of the sweep the generator started late, if it was measured."""
    counts = [
        item
        for found in results.measurements
        if found.name is MeasurementName.START_LATENESS and found.conditions.experiment is None and found.histogram
        for item in recorded_if_readable(found.histogram).items()
    ]
    late, all_ = sum(number for us, number in counts if us > LATE_US), sum(number for _, number in counts)
    return f" {late / all_:.1%} of the requests started more than {LATE_US / 1000:.0f} ms late." if all_ else ""


def growth_verdict(growth: GrowthFinding, results: RunResults) -> str:
    """Return whether the first packet grows with the number of Services, and how long it takes at both ends."""
    by = with_ends(growth.per_1000_services_us, unit=" us")
    at = " and ".join(f"{us} us at {services:,}" for services, us in _ends(growth, results))
    ends = f": {at}" if at else ""
    match growth.conclusion:
        case GrowthConclusion.GROWS:
            return f"In {growth.mode} mode each 1,000 Services add {by} to a first packet{ends}."
        case GrowthConclusion.NO_GROWTH:
            return f"In {growth.mode} mode a first packet does not grow with the Services ({by} per 1,000){ends}."
        case _:
            return (
                f"In {growth.mode} mode this sweep cannot tell whether a first packet grows with the Services: {by} "
                f"per 1,000."
            )


def _ends(growth: GrowthFinding, results: RunResults) -> Iterator[tuple[int, str]]:
    """Yield the first packet at zero and at the most Services: on the fitted line, or the medians if there is none."""
    if growth.line:
        for point in (growth.line[0], growth.line[-1]):
            yield int(point.services), short(round(point.us.value + growth.control_us))
        return
    medians = {
        found.conditions.services: found.quantiles["p50"]
        for found in results.measurements
        if found.name is MeasurementName.FIRST_PACKET
        and (found.conditions.clock, found.conditions.position) == ("kernel", "end")
        and found.conditions.experiment is None
        and finite(found.quantiles.get("p50")) is not None
    }
    if growth.most_services is not None and growth.most_services in medians:
        yield 0, short(round(growth.at_zero_us))
        yield growth.most_services, short(round(medians[growth.most_services]))


def _is_of_run(found: object, results: RunResults) -> bool:
    return isinstance(found, GrowthFinding) and found.mode == results.run.mode


def _with(results: RunResults, outcome: Outcome) -> list[CaseResult]:
    return [case for case in results.cases if case.outcome is outcome]


def _named(cases: Sequence[CaseResult]) -> str:
    """Return the number of cases, and the names of the first ones in words."""
    names = [case.id.rpartition("::")[2].removeprefix("test_").replace("_", " ") for case in cases]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{len(cases)} ({', '.join(names[:MOST_NAMES])}{more})" if len(cases) > 1 else f'"{names[0]}"'


def _mode(results: RunResults) -> str:
    return f"{results.run.mode} mode"
