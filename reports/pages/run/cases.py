"""The cases of a run: what failed and how to repeat it, how long each took, and what the host could not do."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reports.model import CaseResult, Outcome, RunInfo, RunResults
from reports.writers.readable import seconds

KEPT_OPTIONS = frozenset(
    {
        "--proxy-mode",
        "--image-source",
        "--substrate",
        "--kubernetes",
        "--cluster-workers",
        "--kubeconfig",
        "--context",
        "--allow-disruptive",
        "--most-services",
        "--step-seconds",
    }
)
"""Options of a run that decide on which cluster, and how, a case runs."""


def failures(results: RunResults) -> list[CaseResult]:
    """Return the cases that did not pass, those in which Kubernetes failed first."""
    return [
        case
        for outcome in (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)
        for case in results.cases
        if case.outcome is outcome
    ]


def repeat_command(run: RunInfo, case: CaseResult) -> str:
    """Return the command that repeats one case of a run as it was, with the run's seed."""
    words = ["pytest", case.id, *_kept(run.argv), f"--run-seed={run.seed}"]
    return shlex.join(words)


def _kept(argv: Sequence[str]) -> Iterator[str]:
    """Yield the options that are kept, with their values, which may be separate arguments."""
    for word, following in pairwise((*argv, "--")):
        name, equals, _ = word.partition("=")
        if name in KEPT_OPTIONS:
            yield word if equals or following.startswith("--") else f"{name}={following}"


def by_duration(results: RunResults) -> list[CaseResult]:
    """Return all cases: those that did not pass first, then by duration, the slowest first."""
    passed_or_skipped = (Outcome.PASSED, Outcome.SKIPPED)
    return sorted(results.cases, key=lambda case: (case.outcome in passed_or_skipped, -seconds(case.duration_s)))


def limits(results: RunResults) -> dict[str, list[CaseResult]]:
    """Return the skipped cases by the reason for which this host, cluster or mode could not run them."""
    found: dict[str, list[CaseResult]] = {}
    for case in results.cases:
        if case.outcome is Outcome.SKIPPED:
            found.setdefault(case.reason, []).append(case)
    return found
