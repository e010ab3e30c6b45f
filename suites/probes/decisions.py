"""Decisions on the claims about probes: one function for each claim, from what a case observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.suite import Decision, conditional, confirmed, list_of, refuted, restarts, untested


@dataclass(frozen=True, slots=True)
class Fate:
    """What happened to a container. `failed`: its pod's phase is Failed, so the container will not start again."""

    killed: bool
    restarted: bool
    failed: bool = False

    def __str__(self) -> str:
        if not self.killed:
            return "was not killed"
        if self.restarted:
            return "was killed and restarted"
        return "was killed, pod Failed" if self.failed else "was killed and not restarted before the deadline"


def fate(pod: dict[str, Any]) -> Fate:
    """Return what happened to the pod's container."""
    restarted = restarts(pod) > 0
    failed = pod["status"]["phase"] == "Failed"
    return Fate(killed=restarted or exit_code(pod) is not None, restarted=restarted, failed=failed)


def exit_code(pod: dict[str, Any]) -> int | None:
    """Return the last exit code of the pod's container; None if it has never ended, or if the kubelet has lost it.

    Once a minute the kubelet removes ended containers other than the newest of a pod, and takes one that was created
    and has not started for the newest: then the exit code of a restarted container is lost. It is kept at best effort:
    https://github.com/kubernetes/kubernetes/pull/6652
    """
    (status,) = pod["status"]["containerStatuses"]
    ended = status["state"].get("terminated") or status.get("lastState", {}).get("terminated")
    return None if ended is None else int(ended["exitCode"])


CLAIMED_FATES = {
    "Always": Fate(killed=True, restarted=True),
    "OnFailure": Fate(killed=True, restarted=True),
    "Never": Fate(killed=True, restarted=False, failed=True),
    "no probe": Fate(killed=False, restarted=False),
}
"""The claimed outcome for each restart policy, for containers that exit with an error when they are killed.

"no probe" is a container without a probe.
"""


def decide_liveness(fates: Mapping[str, Fate]) -> Decision:
    """7.1: a failing liveness probe kills the container, which restarts by its policy; no probe counts as success."""
    evidence = f"After the liveness probes began to fail, the container under each restart policy: {list_of(fates)}."
    right = [name for name, fate in CLAIMED_FATES.items() if fates[name] == fate]
    if len(right) == len(CLAIMED_FATES):
        return confirmed(evidence)
    if not right or not any(fates[name].killed for name in CLAIMED_FATES if name != "no probe"):
        return refuted(evidence)
    wrong = [name for name in CLAIMED_FATES if name not in right]
    return conditional(f"holds for {', '.join(right)} and not for {', '.join(wrong)}", evidence)


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
"""For each container, whether its probe succeeds according to the claim."""

REDIRECTS = ("http-302-to-200", "http-302-to-500", "http-302-elsewhere")
"""Containers whose probe gets status 302. It is between 200 and 399, so by the claim all of them succeed."""

FOLLOWED = "a redirect to the same host is followed, and the status of its target decides"


def decide_answers(judgements: Mapping[str, str]) -> Decision:
    """8.1: a probe succeeds with exit code 0, an open TCP port, or an HTTP status from 200 to 399.

    `judgements` is "ready", "unhealthy" or "unknown" for each container's probe.
    """
    claimed = {**PLAIN_ANSWERS, **dict.fromkeys(REDIRECTS, True)}
    ready = [name for name, judgement in judgements.items() if judgement == "ready"]
    unhealthy = [name for name, judgement in judgements.items() if judgement == "unhealthy"]
    evidence = (
        f"Probes that succeeded: {', '.join(ready) or 'none'}. Probes that failed: {', '.join(unhealthy) or 'none'}. "
        "The names describe the answer: http-302-to-500 redirects to status 500 on the same host, http-302-elsewhere "
        "redirects to another host. gRPC probes are a fourth kind that the claim does not mention."
    )
    if unknown := [name for name in claimed if judgements.get(name) not in ("ready", "unhealthy")]:
        return untested(f"the kubelet reported no probe result for {', '.join(unknown)}")
    wrong = [name for name, succeeds in claimed.items() if (judgements[name] == "ready") != succeeds]
    if not wrong:
        return confirmed(evidence)
    if any(name in PLAIN_ANSWERS for name in wrong):
        return refuted(evidence)
    condition = FOLLOWED if wrong == ["http-302-to-500"] else f"except for {', '.join(wrong)}"
    return conditional(condition, evidence)
