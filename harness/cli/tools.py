"""What the commands use of the machine. Tests pass their own `Tools`.

Modules that only one command needs are imported when it runs: `kubeproof doctor` answers without Docker's client or
numpy.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from clusters.doctor import Host
from clusters.host.progress import Progress
from clusters.spec import Source
from harness.plugin.run.request import ClusterRequest


def _clean_leftovers(progress: Progress, *, kept_too: bool) -> tuple[str, ...]:
    from clusters.cleanup.clean import clean_leftovers

    return clean_leftovers(progress, kept_too=kept_too)


def _show_locust_page(request: ClusterRequest, workers: int, port: int, progress: Progress) -> None:
    from harness.cli.locust_page import show_locust_page
    from harness.plugin.run.owner import ProviderOwner

    show_locust_page(request, workers, port, ProviderOwner(), progress)


def _push_images(prefix: str, source: Source | None, progress: Progress) -> dict[str, str]:
    from clusters.hostimages import push_case_images

    return push_case_images(prefix, source, progress)


def _build_images(source: Source | None, kubernetes: str | None, progress: Progress) -> None:
    from clusters.hostimages import build_host_images

    build_host_images(source, kubernetes, progress)


def _export_images(file: Path, kubernetes: str | None, progress: Progress) -> None:
    from clusters.hostimages import export_host_images

    export_host_images(file, kubernetes, progress)


def _import_images(file: Path, kubernetes: str | None, progress: Progress) -> None:
    from clusters.hostimages import import_host_images

    import_host_images(file, kubernetes, progress)


def _run_pytest(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


@dataclass(frozen=True, slots=True)
class Tools:
    """The machine that doctor examines, and the functions behind the other commands."""

    host: Host
    clean: Callable[..., tuple[str, ...]] = _clean_leftovers
    load: Callable[[ClusterRequest, int, int, Progress], None] = _show_locust_page
    push: Callable[[str, Source | None, Progress], dict[str, str]] = _push_images
    build: Callable[[Source | None, str | None, Progress], None] = _build_images
    export: Callable[[Path, str | None, Progress], None] = _export_images
    import_: Callable[[Path, str | None, Progress], None] = _import_images
    run_pytest: Callable[[Sequence[str]], int] = _run_pytest


def tools_of(context: typer.Context) -> Tools:
    """Return the tools that `main` passed to the command."""
    tools = context.obj
    assert isinstance(tools, Tools)
    return tools
