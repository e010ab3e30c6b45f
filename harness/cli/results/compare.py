"""`kubeproof compare`: which mode costs less, from how many Services on, and where modes behave differently."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clusters.errors import UsageError
from clusters.spec import Mode
from harness.cli.results.files import require_writable
from harness.plugin.run.checks import require_share
from reports.text import one_line

SHARES = (1.0, 0.1, 0.01)


class FailOn(StrEnum):
    """What makes the command end with exit code 1."""

    NOTHING = "nothing"
    WORSE = "worse"


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Directories below runs/, of two modes or more: of sweeps, suites, or both.")
    ],
    new_share: Annotated[
        list[str] | None,
        typer.Option(metavar="SHARE", help="Share of requests on new connections, above 0 and up to 1; repeatable."),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page of the comparison.")] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each chart as a picture, PNG and SVG, into this folder.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the answer as Markdown.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all figures as JSON.")] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="With `worse`, exit with 1 if the candidate is worse than another mode.")
    ] = FailOn.NOTHING,
    candidate: Annotated[Mode, typer.Option(help="The mode that must not be worse.")] = Mode.NFTABLES,
) -> None:
    """Which mode costs less, from how many Services on? Where do they behave differently? Runs of a mode are pooled."""
    shares = [require_share("--new-share", typed) for typed in new_share or ()]
    if len(runs) < 2:
        raise UsageError("two or more runs are compared, and one was named")
    for option, file in (("--html", html), ("--markdown", markdown), ("--json", json)):
        require_writable(option, file)
    # Imported here because numpy, scipy and altair take a second to load.
    from harness.performance.comparison.compare import compare as compare_runs
    from harness.plugin.run.results import read_runs
    from reports.charts.image import write_pictures
    from reports.model.comparison import comparison_to_json
    from reports.pages.comparison.page import SHARES as PAGE_SHARES
    from reports.pages.comparison.page import comparison_html, substrate_charts
    from reports.store import write_whole
    from reports.writers.markdown import comparison_markdown
    from reports.writers.sentences.comparison import comparison_sentences
    from reports.writers.winner import answer, why_worse

    results, unreadable = read_runs(runs)
    if len(results) < 2:
        raise unreadable[0]
    found = compare_runs(results, shares or SHARES)
    for sentences in answer(found):
        typer.echo(one_line(" ".join(sentences)))
    typer.echo()
    for sentence in comparison_sentences(found):
        typer.echo(one_line(sentence))
    for failure in unreadable:
        typer.echo(one_line(f"kubeproof: not compared: {failure}"), err=True)
    if unreadable:  # the files would lack a run that was named
        raise typer.Exit(UsageError.exit_code)
    if html is not None:
        write_whole(html, comparison_html(compare_runs(results, PAGE_SHARES)))
    if png is not None:
        write_pictures((chart for substrate in found.substrates for chart in substrate_charts(substrate)), png)
    if markdown is not None:
        write_whole(markdown, comparison_markdown(found))
    if json is not None:
        write_whole(json, comparison_to_json(found))
    worse = list(why_worse(found, candidate)) if fail_on is FailOn.WORSE else []
    for reason in worse:
        typer.echo(one_line(f"worse {reason}"), err=True)
    if worse:
        raise typer.Exit(1)
