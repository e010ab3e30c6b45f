"""From a pod on every node: when does a change arrive in that node's kernel, as a connection sees it?"""

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
    """What an address shall become; `pod/prober.py` says when it is so."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    REACHABLE_AGAIN = "reachable again"


@dataclass(frozen=True, slots=True)
class Probe:
    """An address that is tried from `at_s` on (seconds since 1970), until it is what is wanted."""

    target: Target
    at_s: float
    want: Want

    def as_record(self) -> dict[str, Any]:
        return {"address": self.target.address, "port": self.target.port, "at_s": self.at_s, "want": str(self.want)}

    def seen(self, told: dict[str, Any]) -> Seen:
        """What the prober tells of it."""
        gone_s, changed_s = None, None
        if self.want is Want.REACHABLE_AGAIN:
            gone_s, changed_s = (*told["began_s"], None, None)[:2]
        elif told["began_s"]:
            (changed_s,) = told["began_s"]
        return Seen(changed_s, told["tries"], gone_s)


@dataclass(frozen=True, slots=True)
class Seen:
    """When what was wanted began, in seconds since 1970 to within the distance of two tries; None if it never did.

    Of an address that shall be reachable again, `gone_s` is when it no longer was.
    """

    changed_s: float | None
    tries: int
    gone_s: float | None = None


@dataclass(frozen=True, slots=True)
class Probers:
    """A pod for each node, by the node's name."""

    kube: Kube
    namespace: str
    pods: dict[str, str]

    @contextmanager
    def watching(
        self, probes: Sequence[Probe], witness: Target, *, every_s: float, limit_s: float
    ) -> Iterator[dict[str, Future[tuple[Seen, ...]]]]:
        """Watch from every node while the block makes its changes; by node what was seen of each probe, in order.

        A node tries one address each `every_s`, in turns; each is watched for `limit_s` after its moment at most.
        The witness is an address on the same path that stays reachable. Raises `Refused` for an address elsewhere.
        """
        require_within(self.kube.cluster, witness, *(probe.target for probe in probes))
        plan = json.dumps(
            {
                "every_s": every_s,
                "limit_s": limit_s,
                "probes": [probe.as_record() for probe in probes],
                "witness": {"address": witness.address, "port": witness.port},
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
            complaint = (done.stderr.strip() or "it has said nothing").splitlines()[-1]
            raise WorldError(f"the prober {self.namespace}/{pod} ended with {done.exit_code}: {complaint}")
        return tuple(probe.seen(told) for probe, told in zip(probes, json.loads(done.stdout), strict=True))
