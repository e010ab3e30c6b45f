"""What experiments on probes decide: a function for each claim, from what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, listed, refuted, untested


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a container; `failed` says that its pod's phase is Failed: it will not be started again."""

    killed: bool
    restarted: bool
    failed: bool = False

    def __str__(self) -> str:
        if not self.killed:
            return "ran on"
        if self.restarted:
            return "was killed and started again"
        return "was killed, and its pod Failed" if self.failed else "was killed and not started again within the time"


CLAIMED_FATES = {
    "Always": Fate(killed=True, restarted=True),
    "OnFailure": Fate(killed=True, restarted=True),
    "Never": Fate(killed=True, restarted=False, failed=True),
    "no probe": Fate(killed=False, restarted=False),
}
"""By restart policy, of containers that exit with an error when they are killed; "no probe" is one without a probe."""


def decide_liveness(fates: Mapping[str, Fate]) -> Decision:
    """7.1: a failing liveness probe kills the container, which restarts by its policy; no probe counts as success."""
    evidence = f"After the liveness probes had begun to fail, the container under each policy: {listed(fates)}."
    right = [name for name, fate in CLAIMED_FATES.items() if fates[name] == fate]
    if len(right) == len(CLAIMED_FATES):
        return confirmed(evidence)
    if not right or not any(fates[name].killed for name in CLAIMED_FATES if name != "no probe"):
        return refuted(evidence)
    wrong = [name for name in CLAIMED_FATES if name not in right]
    return conditional(f"it holds for {', '.join(right)}, and not for {', '.join(wrong)}", evidence)


PLAIN_ANSWERS = {
    "exec-0": True,
    "exec-1": False,
    "tcp-open": True,
    "tcp-closed": False,
    "http-199": False,
    "http-200": True,
    "http-399": True,
    "http-400": False,
    "http-500": False,
}
"""By container: whether the claim says that its probe succeeds."""

REDIRECTS = ("http-302-to-200", "http-302-to-500", "http-302-elsewhere")
"""Each answers 302, which is between 200 and 399: the claim says that all of them succeed."""

FOLLOWED = "a redirect to the same host is followed, and the status found there decides"


def decide_answers(judgements: Mapping[str, str]) -> Decision:
    """8.1: a probe succeeds with exit code 0, an open TCP port, or an HTTP status from 200 to 399.

    `judgements` says of each container's probe "ready", "unhealthy" or "unknown".
    """
    claimed = {**PLAIN_ANSWERS, **dict.fromkeys(REDIRECTS, True)}
    ready = [name for name, judgement in judgements.items() if judgement == "ready"]
    unhealthy = [name for name, judgement in judgements.items() if judgement == "unhealthy"]
    evidence = (
        f"Probes that succeeded: {', '.join(ready) or 'none'}. Probes that failed: {', '.join(unhealthy) or 'none'}. "
        "Names tell the answer: http-302-to-500 is a redirect to a status 500 on the same host, http-302-elsewhere one "
        "to another host. gRPC probes are a fourth kind, which the claim leaves out."
    )
    if unknown := [name for name in claimed if judgements.get(name) not in ("ready", "unhealthy")]:
        return untested(f"the kubelet had not judged {', '.join(unknown)}")
    wrong = [name for name, succeeds in claimed.items() if (judgements[name] == "ready") != succeeds]
    if not wrong:
        return confirmed(evidence)
    if any(name in PLAIN_ANSWERS for name in wrong):
        return refuted(evidence)
    condition = FOLLOWED if wrong == ["http-302-to-500"] else f"except for {', '.join(wrong)}"
    return conditional(condition, evidence)
