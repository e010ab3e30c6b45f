"""What the commands use of the machine. Tests pass their own `Tools`.

Modules that only one command needs are imported when it runs: `kubeproof doctor` answers without Docker's client or
numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    from clusters.push import push_case_images

    return push_case_images(prefix, source, progress)


@dataclass(frozen=True, slots=True)
class Tools:
    """The machine that doctor examines, and the functions behind the commands `clean`, `load` and `images push`."""

    host: Host
    clean: Callable[..., tuple[str, ...]] = _clean_leftovers
    load: Callable[[ClusterRequest, int, int, Progress], None] = _show_locust_page
    push: Callable[[str, Source | None, Progress], dict[str, str]] = _push_images


def tools_of(context: typer.Context) -> Tools:
    """Return the tools that `main` passed to the command."""
    tools = context.obj
    assert isinstance(tools, Tools)
    return tools
