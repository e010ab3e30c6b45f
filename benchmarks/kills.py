"""What is left of a run that was killed at a random moment, once `kubeproof clean` has looked: nothing.

    python benchmarks/kills.py --kills 50 --seed 7 --mode iptables

A whole run comes first, which tells how long one takes; then runs of the same kind, each of which is killed (SIGKILL to
the controller, and to nothing else) at a random moment of it, from set-up to removal; then a whole one again, which has
to end as the first one did. Each run builds some small images anew. Beside them are containers, volumes and a network
of somebody else, one of them with a cluster's name of our form, which must stay. Prints one JSON line a kill, and at
the end what was left, by the phase of the run at the kill. Further arguments are pytest's, such as --source=built.
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

from clusters.images.lock import read_lock
from clusters.images.recipes import recipe_book, stock_book
from clusters.ownership import KIND_CLUSTER_LABEL
from clusters.processes import OWNER_VARIABLE, HostProcesses, with_descendants
from clusters.spec import Mode

ROOT = Path(__file__).parents[1]
CASES = (
    "test_cluster_ip_is_reached_from_every_node or test_balancers_inside_and_outside or "
    "test_the_policy_decides_what_the_registry_is_asked or test_rules_and_first_packet_grow_as_the_mode_documents"
)
"""Traffic, containers beside the cluster, and a short sweep."""

REBUILT = ("haproxy", "registry")
ROOT_FILE_SYSTEM_EVERY = 4
"""So many runs share the Debian packages below HAProxy's image: to unpack them takes a while."""

RECIPE_LABEL = "io.kubeproof.recipe"
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
"""Phases of a run by patterns of its log; the last one that matches counts."""


def phase_of(log: str) -> str:
    """What the run was doing when its log ended."""
    found = [(match.end(), phase) for form, phase in PHASES for match in re.finditer(form, log, re.MULTILINE)]
    return max(found, default=(0, "start"))[1]


def moments(kills: int, whole_s: float, source: random.Random) -> list[float]:
    """Random seconds of a run that lasts `whole_s`: one in each of `kills` equal parts of it, in random order."""
    parts = [(number + source.random()) / kills * whole_s for number in range(kills)]
    source.shuffle(parts)
    return parts


@dataclass(frozen=True)
class Seen:
    """Names of what the engine has, and processes as `living` names them."""

    containers: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]
    processes: frozenset[str] = frozenset()

    @classmethod
    def now(cls, processes: frozenset[str] = frozenset()) -> Seen:
        return cls(
            frozenset(docker("ps", "--all", "--format", "{{.Names}}")),
            frozenset(docker("volume", "ls", "--quiet")),
            frozenset(docker("network", "ls", "--format", "{{.Name}}")),
            processes,
        )

    def since(self, before: Seen) -> dict[str, list[str]]:
        """What was not there before."""
        return {kind: sorted(getattr(self, kind) - getattr(before, kind)) for kind in KINDS}


@dataclass(frozen=True)
class Kill:
    """What came of one kill; `left` is by kind, and empty lists are what is wanted."""

    number: int
    at_s: float
    phase: str
    clean_s: float
    clean: str
    left: dict[str, list[str]]


@dataclass(frozen=True)
class Campaign:
    """The runs, all alike; their results and outputs are kept below `folder`."""

    mode: Mode
    case: str
    folder: Path
    further: tuple[str, ...]
    token: str

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """A run, with images to build. The token is in the environment of whatever it starts, whoever starts that."""
        forget_images(root_file_system=number % ROOT_FILE_SYSTEM_EVERY == 0)
        argv = [
            *(sys.executable, "-m", "pytest", "suites", f"--proxy-mode={self.mode}", "-n", "2", "-k", self.case),
            *(f"--runs-dir={self._runs(number)}", f"--seed={number}", *self.further),
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

    def whole(self, number: int) -> tuple[int, float]:
        """The exit code of a run that nobody kills, and its seconds."""
        start_s = time.monotonic()
        with _killed_at_the_end(self.start(number)) as run:
            return run.wait(RUN_DEADLINE_S), time.monotonic() - start_s

    def kill(self, number: int, moment_s: float, before: Seen) -> Kill:
        """Kill a run at a moment, clean, and tell what is there that was not there before the campaign."""
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
        left = Seen.now(self._holders() | (started & living())).since(before)
        return Kill(number, round(moment_s, 1), phase, round(clean_s, 1), cleaned, left)

    def _holders(self) -> frozenset[str]:
        """Living processes that have the token."""
        wanted = f"{TOKEN_VARIABLE}={self.token}".encode()
        return frozenset(name for name in living() if wanted in _environment(name).split(b"\0"))

    def _runs(self, number: int) -> Path:
        return self.folder / f"{number}.runs"


@contextmanager
def _killed_at_the_end(run: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Kill the run if it has not ended, whatever happens here."""
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


def living() -> frozenset[str]:
    """Processes that have not ended, each by its number and its start."""
    return frozenset(f"{seen.pid}@{seen.start_ticks}" for seen in HostProcesses().read(supervisors=True))


def descendants(pid: int) -> frozenset[str]:
    """Those of a process, and itself, likewise."""
    found = with_descendants(HostProcesses().read(supervisors=True), lambda seen: seen.pid == pid)
    return frozenset(f"{seen.pid}@{seen.start_ticks}" for seen in found)


def docker(*argv: str) -> list[str]:
    """What `docker` prints, in words."""
    return subprocess.run(["docker", *argv], capture_output=True, text=True, check=True).stdout.split()


def clean() -> str:
    """What `kubeproof clean` says."""
    argv = [sys.executable, "-m", "harness.cli.main", "clean"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=CLEAN_DEADLINE_S, check=False)
    return done.stdout.strip() if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr.strip()}"


def tags_of(recipe: str) -> list[str]:
    """The images that were made of a recipe."""
    wanted = ("--filter", f"label={RECIPE_LABEL}={recipe}", "--filter", "dangling=false")
    return docker("image", "ls", *wanted, "--format", "{{.Repository}}:{{.Tag}}")


def forget_images(*, root_file_system: bool) -> None:
    """Have the next run build some images."""
    for tag in (tag for recipe in REBUILT for tag in tags_of(recipe)):
        docker("image", "rm", "--force", tag)
    if root_file_system:
        lock = read_lock()
        for book in (recipe_book(lock, lock.release(None)), stock_book(lock, lock.release(None))):
            subprocess.run(["docker", "image", "rm", book.haproxy.base_tag], capture_output=True, check=False)


@contextmanager
def somebody_elses_things(token: str) -> Iterator[Seen]:
    """A network, a named and a nameless volume, and a container that has them and is labelled like a node of kind."""
    image = tags_of("load")[0]
    name = f"{FOREIGN}-{token}"
    before = Seen.now()
    try:
        docker("network", "create", name)
        docker("volume", "create", name)
        docker(
            *("run", "--detach", "--name", name, "--network", name),
            *("--volume", f"{name}:/named", "--volume", "/nameless"),
            *("--label", f"{KIND_CLUSTER_LABEL}=kubeproof-iptables-000000"),
            *("--entrypoint", "/usr/bin/python3", image, "-c", "import signal; signal.pause()"),
        )
        now = Seen.now()
        yield Seen(now.containers - before.containers, now.volumes - before.volumes, now.networks - before.networks)
    finally:
        for argv in (("rm", "--force", "--volumes", name), ("volume", "rm", name), ("network", "rm", name)):
            subprocess.run(["docker", *argv], capture_output=True, check=False)


def untouched(foreign: Seen) -> bool:
    """All of it is there, and the container runs."""
    running = frozenset(docker("ps", "--format", "{{.Names}}"))
    now = Seen.now()
    return foreign.containers <= running and foreign.volumes <= now.volumes and foreign.networks <= now.networks


def complaints_of(kill: Kill) -> Iterator[str]:
    """What should not have come of a kill."""
    if any(kill.left.values()):
        yield f"kill {kill.number} left {kill.left}"
    if kill.clean.startswith("exit code"):
        yield f"after kill {kill.number}, clean ended with {kill.clean}"
    if kill.phase.startswith("ended") and kill.phase != "ended with 0":
        yield f"run {kill.number} {kill.phase} before it was killed"


def show_totals(kills: list[Kill]) -> None:
    """One line for each phase."""
    print(f"{'phase':<16}{'kills':>6}", *(f"{kind:>12}" for kind in KINDS), f"{'longest clean':>15}")
    for phase in sorted({kill.phase for kill in kills}):
        found = [kill for kill in kills if kill.phase == phase]
        sums = [sum(len(kill.left[kind]) for kill in found) for kind in KINDS]
        longest_s = max(kill.clean_s for kill in found)
        print(f"{phase:<16}{len(found):>6}", *(f"{count:>12}" for count in sums), f"{longest_s:>13.1f} s")


def carry_out(campaign: Campaign, kills: int, seed: int) -> list[str]:
    """All runs of a campaign; what should not have come of them."""
    code, whole_s = campaign.whole(0)
    print(f"a whole run takes {whole_s:.0f} s and ends with {code}", flush=True)
    if code != 0:
        return [f"the first run ended with {code}, so nothing was killed: a run that fails early has no late moments"]
    done: list[Kill] = []
    complaints: list[str] = []
    with somebody_elses_things(campaign.token) as foreign:
        before = Seen.now()
        for number, moment_s in enumerate(moments(kills, whole_s, random.Random(seed)), start=1):
            done.append(campaign.kill(number, moment_s, before))
            print(json.dumps(asdict(done[-1])), flush=True)
            complaints += complaints_of(done[-1])
            if not untouched(foreign):
                return [*complaints, f"after kill {number}, something of somebody else is gone"]
        last_code, _ = campaign.whole(kills + 1)
        left = Seen.now().since(before)
        if last_code != 0 or any(left.values()) or not untouched(foreign):
            complaints.append(f"the last run ended with {last_code}, and it left {left}")
    show_totals(done)
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="of the moments; printed")
    parser.add_argument("--mode", type=Mode, choices=tuple(Mode), default=Mode.IPTABLES)
    parser.add_argument("--case", default=CASES, help="which cases, as pytest's -k takes it")
    wanted, further = parser.parse_known_args()
    folder = Path(tempfile.mkdtemp(prefix="kubeproof-kills-"))
    campaign = Campaign(wanted.mode, wanted.case, folder, tuple(further), secrets.token_hex(4))
    print(f"seed {wanted.seed}, the runs' output is in {folder}; before: {clean()}", flush=True)
    complaints = carry_out(campaign, wanted.kills, wanted.seed)
    if not complaints:
        print("nothing was left, and nothing of somebody else's was touched")
        shutil.rmtree(folder)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
