"""HTTP load on a Service whose number of users a case changes while it runs; Locust runs in a client pod."""

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
WANTED_FILE, CURRENT_FILE = "/tmp/users-wanted", "/tmp/users-there"
"""Files in the client pod with the wanted and the current number of Locust users."""

USERS_DEADLINE_S = 60.0
END_ALLOWANCE_S = 60.0
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class HttpLoad:
    """HTTP GETs of `path`: one per second from each of up to `most_users` users, for at most `limit_s` seconds."""

    target: Target
    path: str
    most_users: int
    limit_s: float

    @property
    def url(self) -> str:
        return f"http://{self.target.address}:{self.target.port}{self.path}"


@dataclass(frozen=True, slots=True)
class LoadTally:
    """The number of requests of a load and how many of them failed."""

    requests: int
    failures: int


@dataclass(slots=True)
class AdjustableLoad:
    """A running load; `tally` is filled in when the block of `adjustable_load` ends."""

    kube: Kube
    namespace: str
    pod: str
    tally: LoadTally = LoadTally(0, 0)

    def set_users(self, users: int) -> None:
        """Set the number of users and wait until Locust runs that many. Raises `DeadlinePassed`."""
        self.request(str(users))
        wait_until(
            f"{users} Locust users in {self.namespace}/{self.pod}",
            self._current_users,
            lambda running: running == str(users),
            deadline_s=USERS_DEADLINE_S,
            interval_s=0.5,
        )

    def request(self, users_or_stop: str) -> None:
        """Write the wanted number of users, or "stop", to the file that Locust reads."""
        self.kube.exec(self.namespace, self.pod, ("sh", "-c", f"echo {users_or_stop} > {WANTED_FILE}"))

    def _current_users(self) -> str:
        return self.kube.exec(self.namespace, self.pod, ("cat", CURRENT_FILE)).stdout.strip()


@contextmanager
def adjustable_load(kube: Kube, namespace: str, pod: str, load: HttpLoad) -> Iterator[AdjustableLoad]:
    """Run a load in a client pod while the block runs; it has no users until `set_users` is called.

    Raises `Refused` for a target outside the cluster and `WorldError` if Locust fails.
    """
    require_within(kube.cluster, load.target)
    adjustable = AdjustableLoad(kube, namespace, pod)
    plan = {
        "url": load.url,
        "wanted": WANTED_FILE,
        "there": CURRENT_FILE,
        "most_users": load.most_users,
        "limit_s": load.limit_s,
        "timeout_s": TIMEOUT_S,
    }
    argv = ("python3", "-c", PROGRAM, json.dumps(plan))
    adjustable.request("0")
    with ThreadPoolExecutor(1) as background:
        running = background.submit(kube.exec, namespace, pod, argv, timeout_s=load.limit_s + END_ALLOWANCE_S)
        try:
            yield adjustable
        finally:
            adjustable.request("stop")
        done = running.result()
    if done.exit_code != 0:
        raise WorldError(
            f"the load generator in {namespace}/{pod} ended with exit code {done.exit_code}: "
            f"{done.stderr.strip()[-500:]}",
            detail=done.stderr,
        )
    adjustable.tally = LoadTally(**json.loads(done.stdout))
