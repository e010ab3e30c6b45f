"""HTTP load on a Service that a case turns up and down while it watches; Locust has a process of a pod to itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clusters.errors import WorldError
from harness.kube.client import Kube
from harness.kube.wait import wait_until
from harness.load.plan import Target, require_within

PROGRAM = (Path(__file__).parent / "processes" / "http_users.py").read_text()
WANTED_FILE, THERE_FILE = "/tmp/users-wanted", "/tmp/users-there"
USERS_DEADLINE_S = 60.0
END_ALLOWANCE_S = 60.0
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class HttpLoad:
    """GETs of `path`, one a second from each user, from `most_users` at the most, for `limit_s` at the most."""

    target: Target
    path: str
    most_users: int
    limit_s: float

    @property
    def url(self) -> str:
        return f"http://{self.target.address}:{self.target.port}{self.path}"


@dataclass(frozen=True, slots=True)
class LoadTally:
    """What came of a load."""

    requests: int
    failures: int


@dataclass(slots=True)
class AdjustableLoad:
    """A load that is under way; `tally` is complete once its block has ended."""

    kube: Kube
    namespace: str
    pod: str
    tally: LoadTally = LoadTally(0, 0)

    def set_users(self, users: int) -> None:
        """Have so many users; they are at work when it returns."""
        self.tell(str(users))
        wait_until(
            f"{users} Locust users in {self.namespace}/{self.pod}",
            self._users,
            lambda there: there == str(users),
            deadline_s=USERS_DEADLINE_S,
            interval_s=0.5,
        )

    def tell(self, word: str) -> None:
        """Write a number of users, or "stop"."""
        self.kube.exec(self.namespace, self.pod, ("sh", "-c", f"echo {word} > {WANTED_FILE}"))

    def _users(self) -> str:
        return self.kube.exec(self.namespace, self.pod, ("cat", THERE_FILE)).stdout.strip()


@contextmanager
def adjustable_load(kube: Kube, namespace: str, pod: str, load: HttpLoad) -> Iterator[AdjustableLoad]:
    """Run a load in a client pod while a block lasts; there are no users before `set_users`.

    Raises `Refused` for a target outside the cluster, `WorldError` if Locust fails.
    """
    require_within(kube.cluster, load.target)
    adjustable = AdjustableLoad(kube, namespace, pod)
    plan = {
        "url": load.url,
        "wanted": WANTED_FILE,
        "there": THERE_FILE,
        "most_users": load.most_users,
        "limit_s": load.limit_s,
        "timeout_s": TIMEOUT_S,
    }
    argv = ("python3", "-c", PROGRAM, json.dumps(plan))
    adjustable.tell("0")
    with ThreadPoolExecutor(1) as background:
        running = background.submit(kube.exec, namespace, pod, argv, timeout_s=load.limit_s + END_ALLOWANCE_S)
        try:
            yield adjustable
        finally:
            adjustable.tell("stop")
        done = running.result()
    if done.exit_code != 0:
        raise WorldError(
            f"the load generator in {namespace}/{pod} ended with {done.exit_code}: {done.stderr.strip()[-500:]}",
            detail=done.stderr,
        )
    adjustable.tally = LoadTally(**json.loads(done.stdout))
