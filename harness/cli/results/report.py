"""`kubeproof report`: the page of a run, made anew from its results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clusters.errors import UsageError
from harness.cli.results.files import require_writable


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A directory below runs/.")],
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page; by default report.html in the directory."),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write each chart as a picture, PNG and SVG, into this folder."),
    ] = None,
) -> None:
    """Write the page of a run, from its results.json, as this version makes it."""
    require_writable("--html", html)
    if png is not None and png.exists() and not png.is_dir():
        raise UsageError(f"--png {png} is not a directory", remedy="name a folder")
    # Imported here because altair takes a second to load.
    from harness.plugin.run.results import read_run
    from reports.charts.image import write_pictures
    from reports.pages.run.page import report_html, run_charts
    from reports.store import write_whole

    results = read_run(run)
    page = html or run / "report.html"
    write_whole(page, report_html(results))
    typer.echo(f"report: {page}")
    if png is not None:
        for file in write_pictures(run_charts(results).values(), png):
            typer.echo(f"picture: {file}")
