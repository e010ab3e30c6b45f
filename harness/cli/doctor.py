"""`kubeproof doctor`: can this host run the modes?"""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from clusters.doctor import Question, examine
from clusters.errors import HostUnfit
from clusters.spec import Mode, Source, Substrate
from harness.cli.doctor_report import print_report
from harness.cli.tools import tools_of
from harness.plugin.run.checks import require_version


def doctor(
    context: typer.Context,
    mode: Annotated[list[Mode] | None, typer.Option(help="Ask about this mode only; may be repeated.")] = None,
    kubernetes: Annotated[str | None, typer.Option(help="Ask about this Kubernetes version.")] = None,
    source: Annotated[
        Source | None, typer.Option("--image-source", help="Ask about this source instead of the one chosen.")
    ] = None,
    substrate: Annotated[Substrate | None, typer.Option(help="Ask about this substrate likewise.")] = None,
) -> None:
    """Can this host run the modes? Examines, changes nothing, takes seconds. Exit code 3 if one cannot run."""
    if kubernetes is not None:
        require_version("--kubernetes", kubernetes)
    modes = tuple(dict.fromkeys(mode or Mode))
    report = examine(Question(modes, source, substrate, kubernetes), tools_of(context).host)
    print_report(report, typer.echo, shutil.get_terminal_size().columns)
    if not report.fit:
        raise typer.Exit(HostUnfit.exit_code)
