"""`kubeproof images push`: push the images of cases to a registry that an existing cluster's nodes reach."""

from __future__ import annotations

from typing import Annotated

import typer

from clusters.host.progress import PrintedProgress
from clusters.images.named import OPTIONS
from clusters.spec import Source
from harness.cli.tools import tools_of

app = typer.Typer(help="Images of cases, for existing clusters.", no_args_is_help=True)


@app.command()
def push(
    context: typer.Context,
    prefix: Annotated[
        str, typer.Argument(metavar="REGISTRY/PREFIX", help="Destination, for example localhost:5001/kubeproof.")
    ],
    source: Annotated[
        Source | None,
        typer.Option("--image-source", help="Source that images are built from (default: as a run would choose)."),
    ] = None,
) -> None:
    """Build the images that cases need on an existing cluster, push them, and print the options that name them.

    Later runs on this machine use them by default on an existing cluster. Nodes pull them without credentials.
    """
    references = tools_of(context).push(prefix, source, PrintedProgress())
    for line in options_of(references):
        typer.echo(line)


def options_of(references: dict[str, str]) -> list[str]:
    """Return the options by which a run uses these image references."""
    return [f"{OPTIONS[name]}={reference}" for name, reference in references.items()]
