"""`kubeproof recompute`: whether a run's figures follow from the samples that it stores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reports.text import one_line


def recompute(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A directory below runs/.")],
) -> None:
    """Compute the figures and intervals of a run again, from its results.json alone, and print what differs.

    Exit code 1 if anything does.
    """
    # Imported here because numpy and scipy take a second to load.
    from harness.performance.conclusions.recomputed import can_be_recomputed, disagreements, recomputed_figures
    from harness.plugin.run.results import read_run

    results = read_run(run)
    if not can_be_recomputed(results):
        typer.echo("this run was made by an earlier version, whose figures do not follow from what it stores")
        return
    found = list(disagreements(results))
    for disagreement in found:
        typer.echo(one_line(str(disagreement)))
    typer.echo(f"{recomputed_figures(results):,} figures of measurements computed again, {len(found)} disagreements")
    if found:
        raise typer.Exit(1)
