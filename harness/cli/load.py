"""`kubeproof load`: explore a Service on Locust's own web page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clusters.host.progress import PrintedProgress
from clusters.images.named import NamedImages
from clusters.spec import Mode
from harness.cli.tools import tools_of
from harness.plugin.run.checks import LOCUST_WORKERS, PORTS, whole_number
from harness.plugin.run.request import image_help, request_for_cluster


def load(
    context: typer.Context,
    mode: Annotated[
        Mode | None, typer.Option(help="Use the cluster of this mode that a run kept, or create one.")
    ] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Use an existing cluster from this file, with --context.")
    ] = None,
    named: Annotated[str | None, typer.Option("--context", help="The existing cluster's context.")] = None,
    workers: Annotated[
        int,
        typer.Option(
            parser=whole_number("--workers", LOCUST_WORKERS), metavar="NUMBER", help="Locust workers, each a pod."
        ),
    ] = 1,
    port: Annotated[
        int,
        typer.Option(
            parser=whole_number("--port", PORTS), metavar="NUMBER", help="Port of Locust's page on 127.0.0.1."
        ),
    ] = 8089,
    load_image: Annotated[str | None, typer.Option(help=image_help("load"))] = None,
    agnhost_image: Annotated[str | None, typer.Option(help=image_help("agnhost"))] = None,
) -> None:
    """Explore a Service by hand, on Locust's own web page, until Ctrl-C."""
    request = request_for_cluster(mode, kubeconfig, named, NamedImages(load=load_image, agnhost=agnhost_image))
    tools_of(context).load(request, workers, port, PrintedProgress())
