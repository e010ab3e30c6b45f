"""The flake rate of a run that repeats its cases (`--count`): how often cases fail that also pass."""

from __future__ import annotations

import re
from collections.abc import Iterable

import scipy

from reports.model import CaseResult, Outcome
from reports.model.findings import FailureRate, FlakesFinding, FlakyCase

REPETITION = re.compile(r"(\[|-)\d+-\d+\]$")
"""The suffix that pytest-repeat appends to a case's id: [2-5], or [parameter-2-5]."""

FAILURES = (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)


def repeated_case(case_id: str) -> str:
    """Return the id that all repetitions of a case share."""
    found = REPETITION.search(case_id)
    if found is None:
        return case_id
    return case_id[: found.start()] + ("" if found[1] == "[" else "]")


def flakes(cases: Iterable[CaseResult]) -> FlakesFinding:
    """Return the cases that failed in some but not all repetitions, and the rate of such failures.

    A case that always fails is not flaky. Skipped repetitions do not count. Intervals are exact (Clopper and Pearson
    1934, https://doi.org/10.1093/biomet/26.4.404): with 0 of n failures their upper end is near 3.7 / n.
    """
    ended: dict[str, list[bool]] = {}
    for case in cases:
        if case.outcome is not Outcome.SKIPPED:
            ended.setdefault(repeated_case(case.id), []).append(case.outcome in FAILURES)
    broken = sorted(name for name, failed in ended.items() if all(failed))
    judged = {name: failed for name, failed in ended.items() if name not in broken}
    flaky = {name: failed for name, failed in judged.items() if any(failed)}
    return FlakesFinding(
        cases=len(judged),
        rate=_rate(sum(map(sum, flaky.values())), sum(map(len, judged.values()))),
        flaky=tuple(FlakyCase(case=name, rate=_rate(sum(flaky[name]), len(flaky[name]))) for name in sorted(flaky)),
        broken=tuple(broken),
    )


def _rate(failures: int, repetitions: int) -> FailureRate:
    if not repetitions:
        return FailureRate(failures=0, repetitions=0, low=0.0, high=1.0)
    interval = scipy.stats.binomtest(failures, repetitions).proportion_ci(method="exact")
    return FailureRate(failures=failures, repetitions=repetitions, low=float(interval.low), high=float(interval.high))
