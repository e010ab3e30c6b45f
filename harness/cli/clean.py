"""`kubeproof clean`: remove what ended runs left behind."""

from __future__ import annotations

from typing import Annotated

import typer

from clusters.host.progress import PrintedProgress
from harness.cli.tools import tools_of


def clean(
    context: typer.Context,
    kept: Annotated[bool, typer.Option("--kept", help="Also remove clusters that a run kept on purpose.")] = False,
) -> None:
    """Remove processes, clusters and containers of runs that have ended without removing them."""
    removed = tools_of(context).clean(PrintedProgress(), kept_too=kept)
    typer.echo(f"removed: {', '.join(removed)}" if removed else "nothing was left behind")
