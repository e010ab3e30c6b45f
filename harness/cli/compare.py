"""`kubeproof compare`: from how many Services on does one mode cost less than another?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clusters.errors import UsageError
from harness.plugin.run.checks import require_share
from reports.text import one_line

SHARES = (1.0, 0.1, 0.01)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Directories below runs/, each of a sweep, of two modes or more.")],
    new_share: Annotated[
        list[str] | None,
        typer.Option(metavar="SHARE", help="Share of requests on new connections, above 0 and up to 1; repeatable."),
    ] = None,
) -> None:
    """From how many Services on does one mode cost less than another? Runs of one mode are pooled."""
    shares = [require_share("--new-share", typed) for typed in new_share or ()]
    # Imported here because numpy and scipy take a second to load.
    from harness.performance.conclusions.comparison import compare as compare_runs
    from harness.plugin.run.results import read_run
    from reports.writers.sentences.comparison import comparison_sentences

    if len(runs) < 2:
        raise UsageError("two or more runs are compared, and one was named")
    for sentence in comparison_sentences(compare_runs([read_run(run) for run in runs], shares or SHARES)):
        typer.echo(one_line(sentence))
