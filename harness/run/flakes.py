"""The flake rate of a run that repeats its cases (`--count`): how often cases fail that also pass."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scipy import stats

from reports.model import CaseResult, Finding, Outcome

REPETITION = re.compile(r"(\[|-)\d+-\d+\]$")
"""The suffix that pytest-repeat appends to a case's id: [2-5], or [parameter-2-5]."""

FAILURES = (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)


def repeated_case(case_id: str) -> str:
    """Return the id that all repetitions of a case share."""
    found = REPETITION.search(case_id)
    if found is None:
        return case_id
    return case_id[: found.start()] + ("" if found[1] == "[" else "]")


def flakes(cases: Iterable[CaseResult]) -> Finding:
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
    failures, n = sum(map(sum, flaky.values())), sum(map(len, judged.values()))
    statement = f"{len(flaky)} of {len(judged)} cases are flaky: {_rate(failures, n)} of their repetitions failed."
    details = [f"{name.rpartition('::')[2]} {_rate(sum(failed), len(failed))}" for name, failed in flaky.items()]
    if details:
        statement += f" Those are: {'; '.join(details)}."
    if broken:
        statement += f" Not counted, because they failed each time: {', '.join(broken)}."
    numbers = {"cases": len(judged), "repetitions": n, "failures": failures, "flaky": sorted(flaky), "broken": broken}
    return Finding("flakes", statement, numbers, "exact 95% intervals of a binomial rate")


def _rate(failures: int, n: int) -> str:
    if not n:
        return "0 of 0"
    interval = stats.binomtest(failures, n).proportion_ci(method="exact")
    return f"{failures} of {n} (95% interval {interval.low:.1%} to {interval.high:.1%})"
