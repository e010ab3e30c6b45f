"""One run of the suites in the machine: prepares its disk, boots it, and reads the results."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from clusters.errors import EngineUnavailable
from clusters.host.command import Commands
from clusters.host.progress import Progress, timed
from clusters.images.build.programs import Programs
from clusters.images.recipes import KIND
from clusters.spec import Mode
from tests.normal_host.acceleration import Acceleration
from tests.normal_host.boot import Disk, boot
from tests.normal_host.machine import Machine, make_disk

PROJECT = Path(__file__).parents[2]
SHIPPED = ("clusters", "harness", "reports", "suites", "pyproject.toml", "README.md", "LICENSE")
PYTHON = ("--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none")
"""pip's options for the Python of Debian bookworm."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
PIP_TIMEOUT_S = 900.0
WORK_MIB = 4096

SUITES = ("suites/services", "suites/endpoints", "suites/kube_proxy", "suites/ipvs")
RUN_TIMEOUT_S = 7200.0


@dataclass(frozen=True, slots=True)
class GuestRun:
    """The results of one run in the machine.

    `directory` contains the run's directory. `modules` are the kernel modules that were loaded at the end of the run.
    `containers` are the ids of the containers that existed after `kubeproof clean`.
    """

    directory: Path
    exit_code: int
    clean_exit_code: int
    modules: frozenset[str]
    containers: tuple[str, ...]


def run_in_guest(
    commands: Commands,
    machine: Machine,
    acceleration: Acceleration,
    images: Disk,
    programs: Programs,
    mode: Mode,
    options: tuple[str, ...],
    directory: Path,
    progress: Progress,
) -> GuestRun:
    """Boot the machine, run the suites in `mode` there, and copy the results to `directory`, which is emptied first.

    Raises `WorldError` if the machine or its Docker failed, so that no suite ran.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="kubeproof-guest-") as scratch:
        folder, disk = Path(scratch) / "job", Path(scratch) / "job.img"
        with timed(progress, "preparing the machine's job disk: this checkout, its Python packages and kind"):
            _prepare_job(commands, folder, programs, _script(mode, acceleration, options), progress)
            make_disk(commands, disk, WORK_MIB, folder)
        with timed(progress, f"running {' '.join(SUITES)} in {mode} mode in the machine"):
            disks = (images, Disk(disk, kept=True))
            boot(commands, machine, acceleration, disks, directory / "console.log", RUN_TIMEOUT_S)
        commands.run("debugfs", "-R", f"rdump /left {directory}", str(disk), timeout_s=300)
    return read_results(directory / "left", directory / "console.log")


def read_results(folder: Path, console: Path) -> GuestRun:
    """Read the folder that the machine's job wrote. Raises `EngineUnavailable` if Docker did not respond there."""

    def words(name: str) -> list[str]:
        file = folder / name
        return file.read_text().split() if file.is_file() else []

    if words("docker") != ["0"]:
        raise EngineUnavailable(
            "Docker in the machine did not respond, so no suite ran there",
            remedy=f"read the machine's console output in {console}",
        )
    return GuestRun(
        directory=folder / "runs",
        exit_code=int(words("exit-code")[0]),
        clean_exit_code=int(words("clean-exit-code")[0]),
        modules=frozenset(words("modules")),
        containers=tuple(words("containers")),
    )


def _script(mode: Mode, acceleration: Acceleration, options: tuple[str, ...]) -> str:
    cluster = ("--substrate=host", "--image-source=built", f"--cluster-workers={acceleration.workers}")
    arguments = (*cluster, "--verbose", "-m", "not performance", *options)
    return f"""\
export PATH=/job/bin:$PATH PYTHONPATH=/job/packages KUBEPROOF_PATIENCE={acceleration.patience} PYTHONUNBUFFERED=1
mkdir -p /job/left/runs
docker info > /dev/null; code=$?; echo $code > /job/left/docker
[ $code = 0 ] || exit
{acceleration.preparation}cd /job/project
python3 -m pytest {" ".join(SUITES)} --proxy-mode={mode} --runs-dir=/job/left/runs {shlex.join(arguments)}
echo $? > /job/left/exit-code
cut -d' ' -f1 /proc/modules > /job/left/modules
cp -r "$HOME/.local/state/kubeproof/failed" /job/left/ 2>/dev/null
python3 -m harness.cli.main clean; echo $? > /job/left/clean-exit-code
docker ps --all --quiet > /job/left/containers
"""


def _prepare_job(commands: Commands, folder: Path, programs: Programs, script: str, progress: Progress) -> None:
    """Fill the folder that the machine mounts as /job."""
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
    """Install the project's dependencies, for the machine's Python, and the project itself into `target`."""
    dependencies = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"--target={target}")
    platforms = tuple(f"--platform={platform}" for platform in PLATFORMS)
    commands.run(*pip, "--only-binary=:all:", *PYTHON, *platforms, *dependencies, timeout_s=PIP_TIMEOUT_S)
    commands.run(*pip, "--no-deps", str(project), timeout_s=PIP_TIMEOUT_S)
