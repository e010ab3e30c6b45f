"""The `kubeproof` command. It prepares for runs and cleans up after them; runs themselves are started by pytest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import Annotated, NoReturn

import typer

from clusters.doctor import Machine
from clusters.errors import KubeproofError, UsageError
from harness.cli.clean import clean
from harness.cli.doctor import doctor
from harness.cli.images import app as images_app
from harness.cli.load import load
from harness.cli.results.compare import compare
from harness.cli.results.history import history
from harness.cli.results.measure import measure
from harness.cli.results.recompute import recompute
from harness.cli.results.report import report
from harness.cli.tools import Tools
from reports.text import one_line

app = typer.Typer(
    help="Prepare for runs and clean up after them. To start a run: tox -e ipvs, or pytest suites --proxy-mode=ipvs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (doctor, clean, load, report, recompute, compare, history, measure):
    app.command()(command)
app.add_typer(images_app, name="images")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kubeproof {version_of('kubeproof')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Process the options that precede a command."""


def main(argv: Sequence[str] | None = None, tools: Tools | None = None) -> None:
    """Run the command and exit. An error of ours is printed as one line with its remedy and sets the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        # Without a command typer shows the help and exits with 2. Its other errors would be printed as boxes.
        code = app(args=arguments, obj=tools or Tools(Machine()), prog_name="kubeproof", standalone_mode=not arguments)
    except KubeproofError as error:
        _exit_with(str(error), error.exit_code)
    except typer.TyperException as error:
        message = error.format_message()
        if not message:  # a group without a command: typer has shown its help
            sys.exit(UsageError.exit_code)
        _exit_with(message, UsageError.exit_code)
    sys.exit(code)


def _exit_with(error: str, exit_code: int) -> NoReturn:
    typer.echo(f"kubeproof: {one_line(error)}", err=True)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
