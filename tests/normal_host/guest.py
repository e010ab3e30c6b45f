"""One run of suites in the machine: what it is given, and what it leaves."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from clusters.command import Commands
from clusters.images.programs import Programs
from clusters.images.recipes import KIND
from clusters.progress import Progress, timed
from clusters.spec import Mode
from tests.normal_host.boot import KVM, Disk, boot
from tests.normal_host.machine import Machine, make_disk

PROJECT = Path(__file__).parents[2]
SHIPPED = ("clusters", "harness", "reports", "suites", "pyproject.toml", "README.md", "LICENSE")
PYTHON = ("--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none")
"""Debian bookworm's."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
PIP_TIMEOUT_S = 900.0
WORK_MIB = 4096

SUITES = ("suites/services", "suites/ipvs")
PATIENCE = 8
"""How many times longer set-up and waits may take under emulation."""
RUN_TIMEOUT_S = 7200.0


@dataclass(frozen=True, slots=True)
class GuestRun:
    """What a run in the machine left: `runs/`, pytest's exit code, and facts of the machine's kernel."""

    directory: Path
    exit_code: int
    modules: frozenset[str]


def run_in_guest(
    commands: Commands,
    machine: Machine,
    acceleration: tuple[str, ...],
    images: Disk,
    programs: Programs,
    mode: Mode,
    options: tuple[str, ...],
    directory: Path,
    progress: Progress,
) -> GuestRun:
    """Boot the machine, run the suites in `mode` there, and put what they left into `directory`.

    Raises `WorldError` if the machine or its Docker failed, before there was anything to run.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kubeproof-guest-") as scratch:
        folder, disk = Path(scratch) / "job", Path(scratch) / "job.img"
        with timed(progress, "laying out the machine's work: this checkout, its Python packages and kind"):
            _lay_out(commands, folder, programs, _script(mode, acceleration, options), progress)
            make_disk(commands, disk, WORK_MIB, folder)
        with timed(progress, f"running {' '.join(SUITES)} in {mode} mode in the machine"):
            disks = (images, Disk(disk, kept=True))
            boot(commands, machine, acceleration, disks, directory / "console.log", RUN_TIMEOUT_S)
        commands.run("debugfs", "-R", f"rdump /left {directory}", str(disk), timeout_s=300)
    left = directory / "left"
    return GuestRun(
        directory=left / "runs",
        exit_code=int((left / "exit-code").read_text()),
        modules=frozenset((left / "modules").read_text().split()),
    )


def _script(mode: Mode, acceleration: tuple[str, ...], options: tuple[str, ...]) -> str:
    patience = 1 if acceleration == KVM else PATIENCE
    words = ("--substrate=host", "--source=built", "-m", "not performance", *options)
    return f"""\
export PATH=/job/bin:$PATH PYTHONPATH=/job/packages KUBEPROOF_PATIENCE={patience} PYTHONUNBUFFERED=1
mkdir -p /job/left/runs
cd /job/project
python3 -m pytest {" ".join(SUITES)} --proxy-mode={mode} --runs-dir=/job/left/runs {shlex.join(words)}
echo $? > /job/left/exit-code
cut -d' ' -f1 /proc/modules > /job/left/modules
python3 -m harness.cli clean
docker ps --all --quiet > /job/left/containers
"""


def _lay_out(commands: Commands, folder: Path, programs: Programs, script: str, progress: Progress) -> None:
    """Fill the folder that becomes /job."""
    project = folder / "project"
    project.mkdir(parents=True)
    (folder / "run.sh").write_text(script)
    for name in SHIPPED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(PROJECT / name, project / name)
    (folder / "bin").mkdir()
    shutil.copy2(programs.ensure(KIND, progress) / "kind", folder / "bin/kind")
    _install(commands, folder / "packages", project)


def _install(commands: Commands, target: Path, project: Path) -> None:
    """Put the project's dependencies, for the machine's Python, and the project itself into a folder."""
    wanted = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"--target={target}")
    platforms = tuple(f"--platform={platform}" for platform in PLATFORMS)
    commands.run(*pip, "--only-binary=:all:", *PYTHON, *platforms, *wanted, timeout_s=PIP_TIMEOUT_S)
    commands.run(*pip, "--no-deps", str(project), timeout_s=PIP_TIMEOUT_S)
