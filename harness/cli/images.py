"""`kubeproof images`: build images without a run, carry them to another host, push those for existing clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clusters.host.progress import PrintedProgress
from clusters.images.named import OPTIONS
from clusters.spec import Source
from harness.cli.tools import tools_of

app = typer.Typer(help="Build images, carry them to another host, or push them.", no_args_is_help=True)

SourceOption = Annotated[
    Source | None,
    typer.Option("--image-source", help="Source of the images (default: as a run would choose)."),
]
KubernetesOption = Annotated[
    str | None, typer.Option("--kubernetes", help="Kubernetes version, one of the lock file's.")
]


@app.command()
def build(context: typer.Context, source: SourceOption = None, kubernetes: KubernetesOption = None) -> None:
    """Build all images that a run needs. An interrupted build continues where it stopped."""
    tools_of(context).build(source, kubernetes, PrintedProgress())


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to write.", dir_okay=False)],
    kubernetes: KubernetesOption = None,
) -> None:
    """Write all images of source built, and kind, to one file, for a host that can neither build nor pull them."""
    tools_of(context).export(file, kubernetes, PrintedProgress())


@app.command(name="import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive of `export`.", dir_okay=False, exists=True)],
    kubernetes: KubernetesOption = None,
) -> None:
    """Load the images of a file that `export` has written on another host with the same version of Kubeproof."""
    tools_of(context).import_(file, kubernetes, PrintedProgress())


@app.command()
def push(
    context: typer.Context,
    prefix: Annotated[
        str, typer.Argument(metavar="REGISTRY/PREFIX", help="Destination, for example localhost:5001/kubeproof.")
    ],
    source: SourceOption = None,
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
