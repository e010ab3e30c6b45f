"""Kills runs at random moments, and checks that `kubeproof clean` then removes everything that they created.

    python benchmarks/kills.py --kills 50 --seed 7 --mode iptables

The first run is complete and shows how long a run takes. Each of the next runs is killed at a random moment between
its start and its end: SIGKILL to the controller, and to no other process. The last run is complete again, and must end
as the first one did. Each run builds some small images again. Between the first and the last run there are also
foreign objects, which must not be removed: a network, two volumes, and a container whose label names a cluster in the
form of our names. Prints one JSON line per kill, and at the end the number of leftovers, by the phase of the run at
the kill. Other arguments are passed to pytest, such as --image-source=built.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from clusters.host.ownership import KIND_CLUSTER_LABEL, RECIPE_LABEL
from clusters.host.processes import OWNER_VARIABLE, HostProcesses, with_descendants
from clusters.images.lock import read_lock
from clusters.images.recipes import recipe_book, stock_book
from clusters.spec import Mode

ROOT = Path(__file__).parents[1]
CASES = (
    "test_cluster_ip_is_reached_from_every_node or test_balancers_inside_and_outside or "
    "test_the_policy_decides_what_the_registry_is_asked or test_rules_and_first_packet_grow_as_the_mode_documents"
)
"""Traffic, containers outside the cluster, and a short sweep."""

REBUILT = ("haproxy", "registry")
ROOT_FILE_SYSTEM_EVERY = 4
"""One run in this many also rebuilds the base of HAProxy's image, because unpacking its Debian packages takes long."""


TOKEN_VARIABLE = "KUBEPROOF_KILLS"
FOREIGN = "somebody-elses"
KINDS = ("containers", "volumes", "networks", "processes")
RUN_DEADLINE_S, CLEAN_DEADLINE_S = 1800, 600

PHASES = (
    (r"• doctor looks|• ended|• removing .*left behind", "start"),
    (r"• (building|unpacking|installing|fetching)", "image build"),
    (r"• (kind creates|loading)", "kind"),
    (r"• (pod network|waiting for nodes)", "set-up"),
    (r"• waiting for nodes[^•]*done in", "cases"),
    (r"• \d+ Services", "sweep"),
    (r"• (exporting|removing cluster \S+$)", "removal"),
)
"""Patterns of log lines, and the phase of a run that begins with each; the last match in the log decides."""


def phase_of(log: str) -> str:
    """Return the phase of the run when its log ended."""
    found = [(match.end(), phase) for form, phase in PHASES for match in re.finditer(form, log, re.MULTILINE)]
    return max(found, default=(0, "start"))[1]


def moments(kills: int, run_s: float, source: random.Random) -> list[float]:
    """Return random moments, in seconds after the start of a run of `run_s`.

    There is one moment in each of `kills` equal parts of the run. They are in random order.
    """
    parts = [(number + source.random()) / kills * run_s for number in range(kills)]
    source.shuffle(parts)
    return parts


@dataclass(frozen=True)
class EngineState:
    """Names of the engine's objects, and processes as `running_processes` names them."""

    containers: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]
    processes: frozenset[str] = frozenset()

    @classmethod
    def now(cls, processes: frozenset[str] = frozenset()) -> EngineState:
        """Return what the engine has now, with `processes`."""
        return cls(
            frozenset(docker("ps", "--all", "--format", "{{.Names}}")),
            frozenset(docker("volume", "ls", "--quiet")),
            frozenset(docker("network", "ls", "--format", "{{.Name}}")),
            processes,
        )

    def since(self, before: EngineState) -> dict[str, list[str]]:
        """Return what was not there before, by kind."""
        return {kind: sorted(getattr(self, kind) - getattr(before, kind)) for kind in KINDS}


@dataclass(frozen=True)
class Kill:
    """The result of one kill. `left` are the leftovers by kind; all lists should be empty."""

    number: int
    at_s: float
    phase: str
    clean_s: float
    clean: str
    left: dict[str, list[str]]


@dataclass(frozen=True)
class Campaign:
    """The runs, all with the same arguments; their results and outputs are in `folder`."""

    mode: Mode
    case: str
    folder: Path
    pytest_arguments: tuple[str, ...]
    token: str

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """Start a run that has to build images. All processes below it inherit the token in their environment."""
        remove_images(root_file_system=number % ROOT_FILE_SYSTEM_EVERY == 0)
        argv = [
            *(sys.executable, "-m", "pytest", "suites", f"--proxy-mode={self.mode}", "-n", "2", "-k", self.case),
            *(f"--runs-dir={self._runs(number)}", f"--run-seed={number}", *self.pytest_arguments),
        ]
        environment = {name: value for name, value in os.environ.items() if name != OWNER_VARIABLE}
        with (self.folder / f"{number}.out").open("wb") as output:
            return subprocess.Popen(
                argv,
                cwd=ROOT,
                env={**environment, TOKEN_VARIABLE: self.token},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run_to_the_end(self, number: int) -> tuple[int, float]:
        """Run without a kill. Return the exit code and the duration in seconds."""
        start_s = time.monotonic()
        with _killed_at_the_end(self.start(number)) as run:
            return run.wait(RUN_DEADLINE_S), time.monotonic() - start_s

    def kill(self, number: int, moment_s: float, before: EngineState) -> Kill:
        """Kill a run `moment_s` after its start, clean up, and return what was not there before the campaign."""
        with _killed_at_the_end(self.start(number)) as run:
            try:
                ended = f"ended with {run.wait(moment_s)}"
            except subprocess.TimeoutExpired:
                ended = ""
            started = descendants(run.pid)
        logs = list(self._runs(number).glob("2*/run.log"))
        phase = ended or phase_of(logs[0].read_text() if logs else "")
        start_s = time.monotonic()
        cleaned = clean()
        clean_s = time.monotonic() - start_s
        left = EngineState.now(self._processes_with_token() | (started & running_processes())).since(before)
        return Kill(number, round(moment_s, 1), phase, round(clean_s, 1), cleaned, left)

    def _processes_with_token(self) -> frozenset[str]:
        """Return the running processes with the token in their environment."""
        entry = f"{TOKEN_VARIABLE}={self.token}".encode()
        return frozenset(name for name in running_processes() if entry in _environment(name).split(b"\0"))

    def _runs(self, number: int) -> Path:
        return self.folder / f"{number}.runs"


@contextmanager
def _killed_at_the_end(run: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Kill the run at the end of the block, if it is still running."""
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def _environment(process: str) -> bytes:
    try:
        return (Path("/proc") / process.partition("@")[0] / "environ").read_bytes()
    except OSError:
        return b""


def running_processes() -> frozenset[str]:
    """Return the processes that have not ended, each as its id and its start time."""
    return frozenset(f"{seen.pid}@{seen.start_ticks}" for seen in HostProcesses().read(supervisors=True))


def descendants(pid: int) -> frozenset[str]:
    """Return a process and its descendants, named as by `running_processes`."""
    found = with_descendants(HostProcesses().read(supervisors=True), lambda seen: seen.pid == pid)
    return frozenset(f"{seen.pid}@{seen.start_ticks}" for seen in found)


def docker(*argv: str) -> list[str]:
    """Run `docker`, and return its output split at white space."""
    return subprocess.run(["docker", *argv], capture_output=True, text=True, check=True).stdout.split()


def clean() -> str:
    """Run `kubeproof clean`. Return its output, or its exit code and error if it failed."""
    argv = [sys.executable, "-m", "harness.cli.main", "clean"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=CLEAN_DEADLINE_S, check=False)
    return done.stdout.strip() if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr.strip()}"


def tags_of(recipe: str) -> list[str]:
    """Return the tags of the images that were built from a recipe."""
    filters = ("--filter", f"label={RECIPE_LABEL}={recipe}", "--filter", "dangling=false")
    return docker("image", "ls", *filters, "--format", "{{.Repository}}:{{.Tag}}")


def remove_images(*, root_file_system: bool) -> None:
    """Remove some images, so that the next run builds them again."""
    for tag in (tag for recipe in REBUILT for tag in tags_of(recipe)):
        docker("image", "rm", "--force", tag)
    if root_file_system:
        lock = read_lock()
        for book in (recipe_book(lock, lock.release(None)), stock_book(lock, lock.release(None))):
            subprocess.run(["docker", "image", "rm", book.haproxy.base_tag], capture_output=True, check=False)


@contextmanager
def foreign_objects(token: str) -> Iterator[EngineState]:
    """Create a network, a named and an anonymous volume, and a container that uses them.

    The container is labelled like a kind node. Yield the names; remove everything at the end of the block.
    """
    image = tags_of("load")[0]
    name = f"{FOREIGN}-{token}"
    before = EngineState.now()
    try:
        docker("network", "create", name)
        docker("volume", "create", name)
        docker(
            *("run", "--detach", "--name", name, "--network", name),
            *("--volume", f"{name}:/named", "--volume", "/nameless"),
            *("--label", f"{KIND_CLUSTER_LABEL}=kubeproof-iptables-000000"),
            *("--entrypoint", "/usr/bin/python3", image, "-c", "import signal; signal.pause()"),
        )
        now = EngineState.now()
        yield EngineState(
            now.containers - before.containers, now.volumes - before.volumes, now.networks - before.networks
        )
    finally:
        for argv in (("rm", "--force", "--volumes", name), ("volume", "rm", name), ("network", "rm", name)):
            subprocess.run(["docker", *argv], capture_output=True, check=False)


def is_untouched(foreign: EngineState) -> bool:
    """Return whether all foreign objects exist and the container is running."""
    running = frozenset(docker("ps", "--format", "{{.Names}}"))
    now = EngineState.now()
    return foreign.containers <= running and foreign.volumes <= now.volumes and foreign.networks <= now.networks


def problems_of(kill: Kill) -> Iterator[str]:
    """Yield what went wrong with a kill."""
    if any(kill.left.values()):
        yield f"kill {kill.number} left {kill.left}"
    if kill.clean.startswith("exit code"):
        yield f"after kill {kill.number}, `kubeproof clean` ended with {kill.clean}"
    if kill.phase.startswith("ended") and kill.phase != "ended with 0":
        yield f"run {kill.number} {kill.phase} before it was killed"


def show_totals(kills: list[Kill]) -> None:
    """Print the number of kills and leftovers, one line per phase."""
    print(f"{'phase':<16}{'kills':>6}", *(f"{kind:>12}" for kind in KINDS), f"{'longest clean':>15}")
    for phase in sorted({kill.phase for kill in kills}):
        found = [kill for kill in kills if kill.phase == phase]
        sums = [sum(len(kill.left[kind]) for kill in found) for kind in KINDS]
        longest_s = max(kill.clean_s for kill in found)
        print(f"{phase:<16}{len(found):>6}", *(f"{count:>12}" for count in sums), f"{longest_s:>13.1f} s")


def carry_out(campaign: Campaign, kills: int, seed: int) -> list[str]:
    """Carry out all runs of a campaign, and return what went wrong."""
    code, run_s = campaign.run_to_the_end(0)
    print(f"a complete run takes {run_s:.0f} s and ends with exit code {code}", flush=True)
    if code != 0:
        return [f"the first run ended with exit code {code}, so no run was killed: failed runs have no late phases"]
    done: list[Kill] = []
    problems: list[str] = []
    with foreign_objects(campaign.token) as foreign:
        before = EngineState.now()
        for number, moment_s in enumerate(moments(kills, run_s, random.Random(seed)), start=1):
            done.append(campaign.kill(number, moment_s, before))
            print(json.dumps(asdict(done[-1])), flush=True)
            problems += problems_of(done[-1])
            if not is_untouched(foreign):
                return [
                    *problems,
                    f"after kill {number}, foreign objects were gone, or their container had ended",
                ]
        last_code, _ = campaign.run_to_the_end(kills + 1)
        left = EngineState.now().since(before)
        if last_code != 0 or any(left.values()) or not is_untouched(foreign):
            problems.append(
                f"the last run ended with exit code {last_code} and left {left}, or foreign objects are gone"
            )
    show_totals(done)
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="seed of the moments; printed")
    parser.add_argument("--mode", type=Mode, choices=tuple(Mode), default=Mode.IPTABLES)
    parser.add_argument("--case", default=CASES, help="cases to run, as for pytest's -k")
    options, pytest_arguments = parser.parse_known_args()
    folder = Path(tempfile.mkdtemp(prefix="kubeproof-kills-"))
    campaign = Campaign(options.mode, options.case, folder, tuple(pytest_arguments), secrets.token_hex(4))
    print(f"seed {options.seed}; output of the runs: {folder}; `kubeproof clean` before them: {clean()}", flush=True)
    problems = carry_out(campaign, options.kills, options.seed)
    if not problems:
        print("no leftovers, and all foreign objects are untouched")
        shutil.rmtree(folder)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
