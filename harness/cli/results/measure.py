"""`kubeproof measure`: make the runs that compare all modes on this host, and the page that compares them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from clusters.errors import KubeproofError, UsageError
from harness.cli.results.measure_plan import (
    QUICK_SERVICES,
    PlannedRun,
    modes_by_substrate,
    not_comparable,
    suites,
    sweeps,
)
from harness.cli.tools import tools_of
from harness.plugin.run.checks import LAST_SERVICES, STEP_SECONDS, USUAL_SERVICES, require_version, whole_number
from reports.text import one_line

LATEST = "latest-comparison.html"


def measure(
    context: typer.Context,
    runs_dir: Annotated[Path, typer.Option(metavar="DIR", help="Directory for the results.")] = Path("runs"),
    most_services: Annotated[
        int,
        typer.Option(
            parser=whole_number("--most-services", LAST_SERVICES), metavar="N", help="Most Services in each sweep."
        ),
    ] = USUAL_SERVICES,
    step_seconds: Annotated[
        int | None,
        typer.Option(
            parser=whole_number("--step-seconds", STEP_SECONDS), metavar="N", help="Duration of each step of a sweep."
        ),
    ] = None,
    kubernetes: Annotated[str | None, typer.Option(help="Kubernetes version, one of the lock file's.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"Sweep to {QUICK_SERVICES:,} Services, once in each mode.")
    ] = False,
    only_sweeps: Annotated[bool, typer.Option("--only-sweeps", help="Leave out the suites about behaviour.")] = False,
) -> None:
    """Run the suites and the sweeps in each mode that this host can run, interleaved in time, then compare them.

    Takes hours. Exit code 1 if a run failed.
    """
    if kubernetes is not None:
        require_version("--kubernetes", kubernetes)
    modes = modes_by_substrate(tools_of(context).host, kubernetes)
    for sentence in not_comparable(modes):
        typer.echo(one_line(sentence))
    services = min(most_services, QUICK_SERVICES) if quick else most_services
    planned = [PlannedRun(*place, kubernetes, services, step_seconds) for place in sweeps(modes, once=quick)]
    planned += [PlannedRun(*place, kubernetes) for place in (() if only_sweeps else suites(modes))]
    if not planned:
        raise UsageError("this host can run no two modes on one substrate", remedy="kubeproof doctor says why")
    run_pytest = tools_of(context).run_pytest
    made = list(_made(planned, runs_dir, run_pytest))
    page = compare_runs([directory for directory, _ in made if directory is not None], runs_dir)
    typer.echo(f"comparison: {page}")
    if any(code for _, code in made):
        raise typer.Exit(1)


def _made(
    planned: Sequence[PlannedRun], runs_dir: Path, run_pytest: Callable[[Sequence[str]], int]
) -> Iterator[tuple[Path | None, int]]:
    """Make each run; yield its directory, None if it has none, and pytest's exit code."""
    for number, run in enumerate(planned, 1):
        typer.echo(f"run {number} of {len(planned)}: {run}")
        before = newest_run(runs_dir)
        code = run_pytest((*run.arguments, f"--runs-dir={runs_dir}"))
        after = newest_run(runs_dir)
        yield (None if after == before else after), code


def newest_run(runs_dir: Path) -> Path | None:
    """Return the directory that the link to the latest run leads to."""
    latest = runs_dir / "latest"
    return latest.resolve() if latest.exists() else None


def compare_runs(runs: Sequence[Path], runs_dir: Path) -> Path:
    """Compare those of the runs that can be compared; return the page, to which `latest-comparison.html` links."""
    # Imported here because numpy, scipy and altair take a second to load.
    from harness.performance.comparison.comparable import failed_self_check
    from harness.performance.comparison.compare import compare
    from harness.plugin.run.results import read_runs
    from reports.pages.comparison.page import SHARES, comparison_html
    from reports.store import point_at, write_whole
    from reports.writers.winner import answer

    results, unreadable = read_runs(runs)
    for failure in unreadable:
        typer.echo(one_line(f"left out: {failure}"), err=True)
    failed = tuple(found.run.id for found in results if failed_self_check(found))
    for run in failed:
        typer.echo(f"left out: run {run} failed its self-check", err=True)
    compared = [found for found in results if found.run.id not in failed]
    if len(compared) < 2:
        raise KubeproofError("fewer than two runs are left to compare", remedy="see the runs' own reports")
    comparison = replace(compare(compared, SHARES), left_out=failed)
    for sentences in answer(comparison):
        typer.echo(one_line(" ".join(sentences)))
    page = runs_dir / f"comparison-{min(found.run.id for found in compared)}.html"
    write_whole(page, comparison_html(comparison))
    point_at(page, LATEST)
    return page
