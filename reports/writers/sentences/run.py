"""Sentences about a run itself."""

from __future__ import annotations

from reports.model.findings import FailureRate, FlakesFinding, PlantedFaultFinding, StatedFinding
from reports.writers.readable import fixed, many, scaled
from reports.writers.sentences.sentence import Sentence


def flakes(found: FlakesFinding) -> Sentence:
    statement = f"Flaky: {len(found.flaky)} of {many(found.cases, 'case')}. Failed repetitions: {_rate(found.rate)}."
    details = "; ".join(f"{flaky.case.rpartition('::')[2]} {_rate(flaky.rate)}" for flaky in found.flaky)
    statement += f" Those are: {details}." if details else ""
    statement += f" Not counted, because they failed each time: {', '.join(found.broken)}." if found.broken else ""
    return Sentence(statement, "exact 95% intervals of a binomial rate")


def _rate(rate: FailureRate) -> str:
    if not rate.repetitions:
        return "0 of 0"
    low, high = (fixed(scaled(end, 100)) for end in (rate.low, rate.high))
    return f"{rate.failures} of {rate.repetitions} (95% interval {low}% to {high}%)"


def planted_fault(found: PlantedFaultFinding) -> Sentence:
    return Sentence(f"{str(found.detection).capitalize()}: {found.fault}.", found.details)


def stated(found: StatedFinding) -> Sentence:
    return Sentence(found.statement, found.method)
