"""What experiments on the life of pods decide: a function for each claim, from what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, listed, refuted, untested


@dataclass(frozen=True, slots=True)
class MirrorManaged:
    """A static pod before and after its mirror pod was labelled and deleted through the API server.

    Containers are the ids of those that the node's container runtime says are running. `label_kept` is True if the
    mirror pod that the kubelet made again bears the label.
    """

    mirror: str
    containers_before: tuple[str, ...]
    containers_after: tuple[str, ...]
    remade: bool
    label_kept: bool


def decide_management(seen: MirrorManaged) -> Decision:
    """3.1: a static pod cannot be managed through the API server."""
    survived = set(seen.containers_before) == set(seen.containers_after)
    before, after = (
        ", ".join(found[:12] for found in ids) or "none" for ids in (seen.containers_before, seen.containers_after)
    )
    with_label = "with" if seen.label_kept else "without"
    evidence = (
        f"Mirror pod {seen.mirror} was given a label and then deleted through the API server. Containers running on "
        f"its node were {before} before and {after} after. The kubelet "
        + (f"created the mirror pod again, {with_label} the label." if seen.remade else "did not create it again.")
    )
    if not seen.containers_before:
        return untested(f"nothing of the static pod was running on its node to begin with. {evidence}")
    if not survived:
        return refuted(evidence)
    if not seen.remade:
        return conditional("its container runs on, but deleting its mirror pod hides it from the API server", evidence)
    if seen.label_kept:
        return conditional(
            "deleting its mirror pod does not stop it, but a label set on the mirror pod stays", evidence
        )
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class StaticProbes:
    """Which failing probes the kubelet acted on: of static pods, and of an ordinary pod on the same node."""

    liveness_restarted: bool
    readiness_unready: bool
    ordinary_restarted: bool


def decide_static_probes(seen: StaticProbes) -> Decision:
    """3.3: the kubelet cannot check the health of a static pod."""
    evidence = (
        "A static pod with a failing liveness probe "
        f"{'was restarted' if seen.liveness_restarted else 'was not restarted'}; a static pod with a failing readiness "
        f"probe {'ran without becoming Ready' if seen.readiness_unready else 'became Ready all the same'}. An ordinary "
        "pod on the same node with the same liveness probe "
        f"{'was restarted' if seen.ordinary_restarted else 'was not restarted'}."
    )
    if not (seen.ordinary_restarted or seen.liveness_restarted):
        return untested(f"the kubelet did not restart an ordinary pod either. {evidence}")
    if seen.liveness_restarted and seen.readiness_unready:
        return refuted(evidence)
    if seen.liveness_restarted:
        return conditional("for readiness probes alone: the kubelet runs liveness probes of static pods", evidence)
    if seen.readiness_unready:
        return conditional("for liveness probes alone: the kubelet runs readiness probes of static pods", evidence)
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class StaticAlone:
    """A static pod whose manifest came and went while the API server was stopped, and one of the same kind later.

    `started_later` says whether the kubelet ran the second one, whose manifest came when the API server was back and
    other nodes could learn of it. `elsewhere` are other nodes that ran that one.
    """

    node: str
    started: bool
    ended: bool
    started_later: bool
    elsewhere: tuple[str, ...]


def decide_static_creation(seen: StaticAlone) -> Decision:
    """3.4: a static pod is always made by the kubelet, on the kubelet's own node."""
    evidence = (
        f"While the API server was stopped, the kubelet of {seen.node} "
        f"{'ran' if seen.started else 'did not run'} a pod whose manifest was put into its folder"
        + (f", and {'stopped' if seen.ended else 'did not stop'} it when the manifest was removed" * seen.started)
        + "."
        + f" With the API server back it {'ran' if seen.started_later else 'did not run'} another one."
        + (f" It also ran on {', '.join(seen.elsewhere)}." if seen.elsewhere else " No other node ran that one.")
    )
    if seen.elsewhere or not (seen.started or seen.started_later):
        return refuted(evidence)
    if not seen.started:
        return conditional("as long as the API server answers", evidence)
    if not seen.started_later:
        return conditional("as long as the API server is stopped", evidence)
    if not seen.ended:
        return conditional("the kubelet starts it without an API server, but does not stop it without one", evidence)
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class WithoutControllerManager:
    """What became of a bare pod and of a Deployment while the controller-manager was stopped.

    `stored` says of each kind whether the API server had the object, `refusals` how it refused to store those that it
    refused. `pods` and `pods_later` count the Deployment's pods, while the controller-manager was stopped and after it
    had come back.
    """

    stored: Mapping[str, bool]
    refusals: Mapping[str, str]
    pod_ready: bool
    pods: int
    pods_later: int


def decide_creation(seen: WithoutControllerManager) -> Decision:
    """5.2: the controller-manager creates a pod and stores it."""
    stored = [kind for kind, so in seen.stored.items() if so]
    missing = [kind for kind in seen.stored if kind not in stored]
    evidence = (
        f"While the kube-controller-manager was stopped, the API server stored: {', '.join(stored) or 'nothing'}. "
        + (f"It refused: {listed(seen.refusals)}. " if seen.refusals else "")
        + f"The bare pod {'became Ready' if seen.pod_ready else 'did not become Ready'}. "
        f"The Deployment had {seen.pods} pods, and {seen.pods_later} once the controller-manager ran again."
    )
    if not stored:
        return confirmed(evidence)
    if missing:
        return conditional(
            f"for a {' and a '.join(missing)}: a {' and a '.join(stored)} is stored without it", evidence
        )
    if not seen.pod_ready:
        return conditional("a pod is stored without the controller-manager, but does not start without it", evidence)
    if seen.pods == 0 < seen.pods_later:
        return refuted(
            f"{evidence} The API server stores objects; the controller-manager asks it to create a Deployment's pods."
        )
    return refuted(f"{evidence} The API server stores objects.")


@dataclass(frozen=True, slots=True)
class OwnPolicies:
    """Containers with a restart policy of their own, in pods with restartPolicy Never.

    Whether each was restarted: a sidecar that exits with 1, a container whose exit code its restartPolicyRules name,
    and one with the same rule that exits with another code. None if the API server does not take the field.
    """

    sidecar_restarted: bool | None
    named_restarted: bool | None
    unnamed_restarted: bool | None


def decide_own_policies(seen: OwnPolicies) -> Decision:
    """6.1: the pod's restartPolicy decides whether an ended container starts again. KEP-753, KEP-5307."""
    evidence = (
        "In pods with restartPolicy Never: "
        f"a sidecar (an init container with restartPolicy Always) that exited {_restarted(seen.sidecar_restarted)}; "
        f"a container whose restartPolicyRules name its exit code {_restarted(seen.named_restarted)}; "
        f"one that exited with a code they do not name {_restarted(seen.unnamed_restarted)}."
    )
    if seen.sidecar_restarted is None and seen.named_restarted is None:
        return untested("this API server takes neither sidecars nor restartPolicyRules")
    if seen.unnamed_restarted:
        return refuted(evidence)
    exceptions = [
        *(["is a sidecar (always restarted)"] if seen.sidecar_restarted else []),
        *(["has restartPolicyRules that name its exit code"] if seen.named_restarted else []),
    ]
    if exceptions:
        return conditional(f"unless the container {' or '.join(exceptions)}", evidence)
    return confirmed(evidence)


def _restarted(so: bool | None) -> str:
    return "was not tried, because the API server does not take the field" if so is None else _was(so)


def _was(so: bool) -> str:
    return "was restarted" if so else "was not restarted"


def decide_template_policies(refused: Mapping[str, bool]) -> Decision:
    """6.2: templates of controllers take only the restart policies that fit.

    By kind and policy that does not fit: whether the API server refused it, naming the policy's field.
    """
    refusing = [name for name, so in refused.items() if so]
    taking = [name for name in refused if name not in refusing]
    evidence = (
        f"The API server refused, naming spec.template.spec.restartPolicy: {', '.join(refusing) or 'nothing'}"
        + (f". It did not refuse so: {', '.join(taking)}." if taking else ".")
    )
    if not taking:
        return confirmed(evidence)
    return conditional(f"except for {', '.join(taking)}", evidence) if refusing else refuted(evidence)
