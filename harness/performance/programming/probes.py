"""Watch from a pod on every node when a change takes effect in that node's kernel, by opening connections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from clusters.errors import WorldError
from harness.kube.client import Kube
from harness.load.plan import Target, require_within

PROGRAM = (Path(__file__).parent / "pod" / "prober.py").read_text()
START_ALLOWANCE_S = 30.0


class Want(StrEnum):
    """The state that an address is expected to reach; `pod/prober.py` defines when it is reached."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    REACHABLE_AGAIN = "reachable again"


@dataclass(frozen=True, slots=True)
class Probe:
    """An address that is tried from `at_s` on (seconds since 1970) until it is in the wanted state."""

    target: Target
    at_s: float
    want: Want

    def as_record(self) -> dict[str, Any]:
        return {"address": self.target.address, "port": self.target.port, "at_s": self.at_s, "want": str(self.want)}

    def seen(self, output: dict[str, Any]) -> Seen:
        """Read the prober's output for this address."""
        gone_s, changed_s = None, None
        if self.want is Want.REACHABLE_AGAIN:
            gone_s, changed_s = (*output["began_s"], None, None)[:2]
        elif output["began_s"]:
            (changed_s,) = output["began_s"]
        return Seen(changed_s, output["tries"], gone_s)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a prober saw of one address; times are in seconds since 1970, with the precision of the interval of tries.

    `changed_s` is when the wanted state began, None if it never did. For an address that was to become reachable again,
    `gone_s` is when it became unreachable.
    """

    changed_s: float | None
    tries: int
    gone_s: float | None = None


@dataclass(frozen=True, slots=True)
class Probers:
    """The prober pods of a namespace, by the name of their node."""

    kube: Kube
    namespace: str
    pods: dict[str, str]

    @contextmanager
    def watching(
        self, probes: Sequence[Probe], liveness_target: Target, *, every_s: float, limit_s: float
    ) -> Iterator[dict[str, Future[tuple[Seen, ...]]]]:
        """Watch the probes from every node while the block makes changes; yield the future results by node.

        Each node tries one address every `every_s` seconds, in turn, and watches each for at most `limit_s` seconds
        after its `at_s`. The liveness target is an address on the same path that stays reachable. Raises `Refused` for
        an address outside the cluster; a future raises `WorldError` if its prober fails.
        """
        require_within(self.kube.cluster, liveness_target, *(probe.target for probe in probes))
        plan = json.dumps(
            {
                "every_s": every_s,
                "limit_s": limit_s,
                "probes": [probe.as_record() for probe in probes],
                "liveness": {"address": liveness_target.address, "port": liveness_target.port},
            }
        )
        last_s = max(probe.at_s for probe in probes) - min(probe.at_s for probe in probes)
        with ThreadPoolExecutor(len(self.pods)) as watching:
            yield {
                node: watching.submit(self._watch, pod, plan, probes, last_s + limit_s + START_ALLOWANCE_S)
                for node, pod in self.pods.items()
            }

    def _watch(self, pod: str, plan: str, probes: Sequence[Probe], timeout_s: float) -> tuple[Seen, ...]:
        done = self.kube.exec(self.namespace, pod, ("python3", "-c", PROGRAM, plan), timeout_s=timeout_s)
        if done.exit_code != 0:
            last_line = (done.stderr.strip() or "no error output").splitlines()[-1]
            raise WorldError(f"the prober {self.namespace}/{pod} ended with exit code {done.exit_code}: {last_line}")
        return tuple(probe.seen(output) for probe, output in zip(probes, json.loads(done.stdout), strict=True))
