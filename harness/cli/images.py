"""`kubeproof images`: what cases need on an existing cluster, put into a registry that its nodes reach."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clusters.images.named import OPTIONS
from clusters.progress import PrintedProgress, Progress
from clusters.spec import Source

app = typer.Typer(help="Images of cases, for existing clusters.", no_args_is_help=True)


@app.command()
def push(
    context: typer.Context,
    prefix: Annotated[
        str, typer.Argument(metavar="REGISTRY/PREFIX", help="Where to, for example localhost:5001/kubeproof.")
    ],
    source: Annotated[
        Source | None, typer.Option(help="What images are built from; a run's own choice, unless given.")
    ] = None,
) -> None:
    """Build the images that cases need on an existing cluster, push them, and print the options that name them.

    Later runs from here on an existing cluster use them without being told. Nodes pull them without a secret.
    """
    tools: Any = context.obj
    references: dict[str, str] = tools.push(prefix, source, PrintedProgress())
    for line in options_of(references):
        typer.echo(line)


def options_of(references: dict[str, str]) -> list[str]:
    """Return the options by which a run uses these references."""
    return [f"{OPTIONS[name]}={reference}" for name, reference in references.items()]


def push_from_here(prefix: str, source: Source | None, progress: Progress) -> dict[str, str]:
    """Push with this host's engine."""
    # It knows the engine and much else that `kubeproof doctor` must do without.
    from clusters.push import push_case_images

    return push_case_images(prefix, source, progress)
