"""`kubeproof history`: what changed over many runs, and which cases fail now and then."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from clusters.errors import UsageError
from harness.cli.results.files import require_writable
from reports.text import one_line


def history(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with directories of runs, at any depth.")],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page of the history.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what changed as Markdown.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the history as JSON.")] = None,
) -> None:
    """Find changes of level in the figures of runs of any age, and cases that do not always pass."""
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory", remedy="name a folder of runs, such as runs/history")
    for option, file in (("--html", html), ("--markdown", markdown), ("--json", json)):
        require_writable(option, file)
    # Imported here because numpy, scipy and altair take a second to load.
    from harness.history.history import StoredRun
    from harness.history.history import history as history_of
    from harness.plugin.run.results import read_run, run_directories
    from reports.model.history import history_to_json
    from reports.pages.history.page import history_html
    from reports.store import write_whole
    from reports.writers.markdown import history_markdown
    from reports.writers.sentences.history import change_sentence, flake_sentence, history_verdict

    stored, unreadable = [], 0
    beside = directory if html is None else html.parent
    for run in run_directories(directory):
        try:
            stored.append(StoredRun(read_run(run), os.path.relpath(_shown_by(run), beside)))
        except UsageError as failure:
            unreadable += 1
            typer.echo(one_line(f"kubeproof: left out: {failure}"), err=True)
    found = history_of(stored)
    typer.echo(one_line(history_verdict(found)))
    for series in found.series:
        for change in series.changes:
            kind = "worse" if change.worse else "better"
            sentence = f"{kind}: {change_sentence(series, change)}; between runs {change.last} and {change.first}"
            typer.echo(one_line(sentence))
    for case in found.cases:
        if case.flaky:
            typer.echo(one_line(f"flaky: {case.case} in {case.mode} mode failed in {flake_sentence(case)}"))
    if html is not None:
        write_whole(html, history_html(found))
    if markdown is not None:
        write_whole(markdown, history_markdown(found))
    if json is not None:
        write_whole(json, history_to_json(found))
    if unreadable:
        raise typer.Exit(UsageError.exit_code)


def _shown_by(run: Path) -> Path:
    """Return the page of a run, or its data: a branch of results has no pages."""
    page = run / "report.html"
    return page if page.exists() else run / "results.json"
