"""The summary on the terminal at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reports.model import Outcome, RunResults
from reports.text import one_line
from reports.writers.headline import headline
from reports.writers.sentences import sentence
from reports.writers.words import left_out, outcome_counts, slowest


def summary(results: RunResults, report: Path) -> Iterator[str]:
    """Yield a line for each claim, the failures, the findings, the outcomes, the result, and the report's path."""
    return map(one_line, _lines(results, report))


def _lines(results: RunResults, report: Path) -> Iterator[str]:
    run = results.run
    yield ""
    yield f"{run.mode} on Kubernetes {run.kubernetes}, source {run.source}, substrate {run.substrate}"
    if any(case.suite for case in results.cases):
        for claim in results.claims:
            if claim.in_run:
                yield f"  {claim.verdict:<11} {claim.id:>5}  {claim.text}"
        if left_out(results):
            yield f"  not part of this run: {left_out(results)}"
    for case in results.cases:
        if case.outcome in (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR):
            yield f"  {case.outcome}: {case.id}: {case.reason.partition(chr(10))[0]}"
    if results.cases:
        yield f"  slowest cases: {slowest(results)}"
    for finding in results.findings:
        yield f"  finding: {sentence(finding).statement}"
    yield f"cases: {outcome_counts(results)}"
    yield from headline(results)
    yield f"report: {report}"
