from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clusters.host.command import HostCommands
from clusters.host.progress import PrintedProgress
from clusters.images.build.programs import Programs, cache_directory
from clusters.images.lock import read_lock
from clusters.spec import Mode
from tests.normal_host.boot import choose_acceleration
from tests.normal_host.guest import GuestRun, run_in_guest
from tests.normal_host.images import ensure_image_disk
from tests.normal_host.machine import ensure_machine

RunInGuest = Callable[[Mode], GuestRun]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--guest-option", action="append", default=[], help="an option for pytest in the machine (repeatable)"
    )


@pytest.fixture(scope="session")
def run_suites(request: pytest.FixtureRequest) -> RunInGuest:
    """A function that runs the suites in one mode in the machine. The machine is made once per session."""
    commands, cache, progress = HostCommands(), cache_directory() / "normal-host", PrintedProgress()
    programs = Programs(commands, cache_directory())
    machine = ensure_machine(commands, cache, progress)
    acceleration = choose_acceleration(commands, machine, progress)
    images = ensure_image_disk(commands, machine, acceleration, cache, read_lock(), progress)
    options = tuple(request.config.getoption("guest_option"))

    def run(mode: Mode) -> GuestRun:
        directory = Path("runs") / "normal-host" / str(mode)
        return run_in_guest(
            commands, machine, acceleration, images, programs, mode, options, directory.absolute(), progress
        )

    return run
