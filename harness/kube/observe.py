"""Observations: the last sample of a condition within a bounded time, whether or not the condition was met.

A wait that times out ends its case before the case has recorded anything. A case that decides a claim observes instead:
it samples until the condition is met or the time is over, records what the samples mean for the claim, and only then
requires what Kubernetes documents.

    restarted = observe_within("pod web restarted", read_pod, has_restarted, within_s=60.0)
    claim.record("7.1", decide_restart(restarted.met))
    restarted.require()

Only a case that passes decides a claim (`harness.plugin.run.verdicts`). If `require` fails the case, the claim is
untested, and the report shows the recorded evidence as part of the reason. To let a time-out refute a claim, do not
require the condition: a case must fail only where Kubernetes does not do what its documentation says.

An API server that does not answer is not an observation: `ClusterUnreachable` is raised, like any `WorldError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from clusters.host.clock import Clock
from clusters.host.patience import Patience, host_patience
from clusters.host.samples import samples_within
from harness.errors import BecameImpossible, DeadlinePassed

Seen = TypeVar("Seen")
INTERVAL_S, LONGEST_INTERVAL_S = 0.1, 0.5
"""The pause between two samples, at first and in a wait that lasts for seconds: every sample costs CPU time that what
is waited for may need."""


@dataclass(frozen=True, slots=True)
class Observation(Generic[Seen]):
    """The last sample of a condition (`seen`), that sample in words (`described`), and whether it met the condition."""

    condition: str
    met: bool
    seen: Seen
    described: str
    waited_s: float

    def require(self) -> Seen:
        """Return the sample that met the condition. Raises `DeadlinePassed` if none did."""
        if not self.met:
            raise DeadlinePassed(self.condition, self.described, self.waited_s)
        return self.seen


def observe_within(
    condition: str,
    sample: Callable[[], Seen],
    met: Callable[[Seen], bool],
    *,
    within_s: float,
    why_impossible: Callable[[Seen], str | None] = lambda seen: None,
    describe: Callable[[Seen], str] = repr,
    interval_s: float = INTERVAL_S,
    pause_ratio: float = 1.0,
    clock: Clock | None = None,
    patience: Patience | None = None,
) -> Observation[Seen]:
    """Call `sample` until what it returns satisfies `met`, for at most `within_s` seconds. Return the last sample.

    The pause between two samples is `interval_s`, growing to `LONGEST_INTERVAL_S` in a long wait, or `pause_ratio`
    times as long as the last sample took if that is longer, so that samples do not overload what they observe.
    `within_s` is meant for a host of normal speed; `patience`, by default that of this host, extends it on slow ones.

    Raises `BecameImpossible` as soon as `why_impossible` returns a reason for a sample.
    """
    samples = samples_within(
        sample,
        limit_s=(patience or host_patience()).seconds(within_s),
        interval_s=interval_s,
        pause_ratio=pause_ratio,
        longest_interval_s=LONGEST_INTERVAL_S,
        clock=clock,
    )
    is_met = False
    for found in samples:
        is_met = met(found.seen)
        if is_met:
            break
        reason = why_impossible(found.seen)
        if reason is not None:
            raise BecameImpossible(condition, f"{reason}; {describe(found.seen)}", found.waited_s)
    return Observation(condition, is_met, found.seen, describe(found.seen), found.waited_s)
