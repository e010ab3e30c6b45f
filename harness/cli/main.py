"""The `kubeproof` command: what is to be done around runs. The runs themselves are pytest's."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from clusters.doctor import Host, Machine, Question, examine
from clusters.errors import HostUnfit, KubeproofError, UsageError
from clusters.images.named import NamedImages
from clusters.progress import PrintedProgress, Progress
from clusters.spec import Mode, Source, Substrate
from harness.cli.doctor import print_report
from harness.cli.images import app as images_app
from harness.cli.images import push_from_here
from harness.plugin.run.checks import LOCUST_WORKERS, PORTS, require_share, require_version, whole_number
from harness.plugin.run.request import ClusterRequest, image_help, request_for_cluster
from reports.text import one_line


def _clean_leftovers(progress: Progress, *, kept_too: bool) -> tuple[str, ...]:
    # Cleaning knows the engine and much else that `doctor` must do without.
    from clusters.cleaning import clean_leftovers

    return clean_leftovers(progress, kept_too=kept_too)


def _explore(request: ClusterRequest, workers: int, port: int, progress: Progress) -> None:
    # As above.
    from harness.cli.explore import explore
    from harness.plugin.run.owner import ProviderOwner

    explore(request, workers, port, ProviderOwner(), progress)


SHARES = (1.0, 0.1, 0.01)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the commands work with; tests bring their own."""

    host: Host
    clean: Callable[..., tuple[str, ...]] = _clean_leftovers
    explore: Callable[[ClusterRequest, int, int, Progress], None] = _explore
    push: Callable[[str, Source | None, Progress], dict[str, str]] = push_from_here


app = typer.Typer(
    help="Prepare for runs and tidy up after them. A run itself: tox -e ipvs, or pytest suites --proxy-mode=ipvs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(images_app, name="images")


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kubeproof {version_of('kubeproof')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take what comes before a command."""


@app.command()
def doctor(
    context: typer.Context,
    mode: Annotated[list[Mode] | None, typer.Option(help="Ask about this mode only; may be repeated.")] = None,
    kubernetes: Annotated[str | None, typer.Option(help="Ask about this Kubernetes version.")] = None,
    source: Annotated[Source | None, typer.Option(help="Ask about this source, not the one we would choose.")] = None,
    substrate: Annotated[Substrate | None, typer.Option(help="Ask about this substrate likewise.")] = None,
) -> None:
    """Can this host run the modes? Looks, changes nothing, takes seconds. Exit code 3 if one cannot run."""
    if kubernetes is not None:
        require_version("--kubernetes", kubernetes)
    modes = tuple(dict.fromkeys(mode or Mode))
    question = Question(modes, source, substrate, kubernetes)
    report = examine(question, _tools(context).host)
    print_report(report, typer.echo, shutil.get_terminal_size().columns)
    if not report.fit:
        raise typer.Exit(HostUnfit.exit_code)


@app.command()
def clean(
    context: typer.Context,
    kept: Annotated[bool, typer.Option("--kept", help="Also clusters that an ended run kept on purpose.")] = False,
) -> None:
    """Remove what ended runs left behind: processes, clusters and containers with our mark whose owner is gone."""
    removed = _tools(context).clean(PrintedProgress(), kept_too=kept)
    typer.echo(f"removed: {', '.join(removed)}" if removed else "nothing was left behind")


@app.command()
def load(
    context: typer.Context,
    mode: Annotated[
        Mode | None, typer.Option(help="Use the cluster of this mode that a run kept, or make one.")
    ] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Use an existing cluster of this file, with --context.")
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
            parser=whole_number("--port", PORTS),
            metavar="NUMBER",
            help="Where Locust's page is, on this machine alone.",
        ),
    ] = 8089,
    load_image: Annotated[str | None, typer.Option(help=image_help("load"))] = None,
    agnhost_image: Annotated[str | None, typer.Option(help=image_help("agnhost"))] = None,
) -> None:
    """Explore a Service by hand, on Locust's own web page, until Ctrl-C."""
    request = request_for_cluster(mode, kubeconfig, named, NamedImages(load=load_image, agnhost=agnhost_image))
    _tools(context).explore(request, workers, port, PrintedProgress())


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two directories below runs/, each of a whole sweep.")],
    new_share: Annotated[
        list[str] | None,
        typer.Option(metavar="SHARE", help="Share of requests on new connections, above 0 and up to 1; repeatable."),
    ] = None,
) -> None:
    """From how many Services on does one mode cost less than the other? Two runs of one host."""
    shares = [require_share("--new-share", typed) for typed in new_share or ()]
    # As above: statistics take a second to load.
    from harness.performance.comparison import compare as compared
    from harness.plugin.run.results import read_run

    if len(runs) != 2:
        raise UsageError(f"two runs are compared, and {len(runs)} were named")
    for line in compared(read_run(runs[0]), read_run(runs[1]), shares or SHARES):
        typer.echo(one_line(line))


def main(argv: Sequence[str] | None = None, tools: Tools | None = None) -> None:
    """Entry point. Ends the process; an error of ours is one line with its remedy and its own exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        # Without a command typer shows the help and ends with 2. Its other errors are whole boxes.
        code = app(args=arguments, obj=tools or Tools(Machine()), prog_name="kubeproof", standalone_mode=not arguments)
    except KubeproofError as error:
        _end_with(str(error), error.exit_code)
    except typer.TyperException as error:
        complaint = error.format_message()
        if not complaint:  # a group without a command: typer has shown its help
            sys.exit(UsageError.exit_code)
        _end_with(complaint, UsageError.exit_code)
    sys.exit(code)


def _end_with(error: str, exit_code: int) -> NoReturn:
    typer.echo(f"kubeproof: {one_line(error)}", err=True)
    sys.exit(exit_code)


def _tools(context: typer.Context) -> Tools:
    tools = context.obj
    assert isinstance(tools, Tools)
    return tools


if __name__ == "__main__":
    main()
