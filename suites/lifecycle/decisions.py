"""Decisions on the claims about the life of pods: one function for each claim, from what a case observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, list_of, refuted, untested


@dataclass(frozen=True, slots=True)
class MirrorManaged:
    """A static pod before and after its mirror pod was labelled and deleted through the API server.

    Containers are the ids of those that the node's container runtime reports as running. `remade`: the kubelet created
    the mirror pod again. `label_kept`: the new mirror pod has the label.
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
        f"Mirror pod {seen.mirror} was labelled and then deleted through the API server. Containers running on its "
        f"node were {before} before and {after} after. The kubelet "
        + (f"created the mirror pod again, {with_label} the label." if seen.remade else "did not create it again.")
    )
    if not seen.containers_before:
        return untested(f"no container of the static pod was running before. {evidence}")
    if not survived:
        return refuted(evidence)
    if not seen.remade:
        return conditional(
            "its container keeps running, but deleting its mirror pod removes it from the API server", evidence
        )
    if seen.label_kept:
        return conditional(
            "deleting its mirror pod does not stop it, but a label set on the mirror pod is kept", evidence
        )
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class StaticProbes:
    """The failing probes that the kubelet acted on: of static pods, and of an ordinary pod on the same node."""

    liveness_restarted: bool
    readiness_unready: bool
    ordinary_restarted: bool


def decide_static_probes(seen: StaticProbes) -> Decision:
    """3.3: the kubelet cannot check the health of a static pod."""
    evidence = (
        "A static pod with a failing liveness probe "
        f"{'was restarted' if seen.liveness_restarted else 'was not restarted'}; a static pod with a failing readiness "
        f"probe {'ran without becoming Ready' if seen.readiness_unready else 'became Ready'}. An ordinary "
        "pod on the same node with the same liveness probe "
        f"{'was restarted' if seen.ordinary_restarted else 'was not restarted'}."
    )
    if not (seen.ordinary_restarted or seen.liveness_restarted):
        return untested(f"the kubelet did not restart the ordinary pod either. {evidence}")
    if seen.liveness_restarted and seen.readiness_unready:
        return refuted(evidence)
    if seen.liveness_restarted:
        return conditional("for readiness probes only: the kubelet runs liveness probes of static pods", evidence)
    if seen.readiness_unready:
        return conditional("for liveness probes only: the kubelet runs readiness probes of static pods", evidence)
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class StaticAlone:
    """A static pod whose manifest was added and removed while the API server was stopped, and a second one later.

    `started` and `ended`: the kubelet ran and stopped the first one. `started_later`: the kubelet ran the second one,
    whose manifest was added when the API server ran again and other nodes could see its mirror pod. `elsewhere` are the
    other nodes that ran the second one.
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
        f"{'ran' if seen.started else 'did not run'} a pod whose manifest was added to its folder"
        + (f", and {'stopped' if seen.ended else 'did not stop'} it when the manifest was removed" * seen.started)
        + "."
        + f" With the API server running again it {'ran' if seen.started_later else 'did not run'} a second pod."
        + (
            f" The second pod also ran on {', '.join(seen.elsewhere)}."
            if seen.elsewhere
            else " No other node ran the second pod."
        )
    )
    if seen.elsewhere or not (seen.started or seen.started_later):
        return refuted(evidence)
    if not seen.started:
        return conditional("as long as the API server answers", evidence)
    if not seen.started_later:
        return conditional("as long as the API server is stopped", evidence)
    if not seen.ended:
        return conditional("without an API server the kubelet starts it, but does not stop it", evidence)
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class WithoutControllerManager:
    """A bare pod and a Deployment that were created while the controller-manager was stopped.

    `stored`: for each kind, whether the API server had the object. `refusals`: for each kind that the API server
    refused to store, its answer. `pods` and `pods_later` count the Deployment's pods while the controller-manager was
    stopped and after it ran again.
    """

    stored: Mapping[str, bool]
    refusals: Mapping[str, str]
    pod_ready: bool
    pods: int
    pods_later: int


def decide_creation(seen: WithoutControllerManager) -> Decision:
    """5.2: the controller-manager creates a pod and stores it."""
    stored = [kind for kind, is_stored in seen.stored.items() if is_stored]
    missing = [kind for kind in seen.stored if kind not in stored]
    evidence = (
        f"While the kube-controller-manager was stopped, the API server stored: {', '.join(stored) or 'nothing'}. "
        + (f"It refused: {list_of(seen.refusals)}. " if seen.refusals else "")
        + f"The bare pod {'became Ready' if seen.pod_ready else 'did not become Ready'}. "
        f"The Deployment had {seen.pods} pods, and {seen.pods_later} after the controller-manager ran again."
    )
    if not stored:
        return confirmed(evidence)
    if missing:
        return conditional(
            f"for a {' and a '.join(missing)}: a {' and a '.join(stored)} is stored without it", evidence
        )
    if not seen.pod_ready:
        return conditional("without the controller-manager a pod is stored, but does not start", evidence)
    if seen.pods == 0 < seen.pods_later:
        return refuted(
            f"{evidence} The API server stores objects; the controller-manager asks it to create a Deployment's pods."
        )
    return refuted(f"{evidence} The API server stores objects.")


@dataclass(frozen=True, slots=True)
class OwnPolicies:
    """Whether containers with their own restart policy were restarted in pods with restartPolicy Never.

    A sidecar that exits with 1, a container that exits with the code in its restartPolicyRules, and one with the same
    rule that exits with another code. None if the API server does not accept the field.
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
        f"a container whose restartPolicyRules name another exit code {_restarted(seen.unnamed_restarted)}."
    )
    if seen.sidecar_restarted is None and seen.named_restarted is None:
        return untested("this API server accepts neither sidecars nor restartPolicyRules")
    if seen.unnamed_restarted:
        return refuted(evidence)
    exceptions = [
        *(["is a sidecar (always restarted)"] if seen.sidecar_restarted else []),
        *(["has restartPolicyRules that name its exit code"] if seen.named_restarted else []),
    ]
    if exceptions:
        return conditional(f"unless the container {' or '.join(exceptions)}", evidence)
    return confirmed(evidence)


def _restarted(restarted: bool | None) -> str:
    if restarted is None:
        return "was not tested, because the API server does not accept the field"
    return "was restarted" if restarted else "was not restarted"


def decide_template_policies(refused: Mapping[str, bool]) -> Decision:
    """6.2: ReplicaSets and DaemonSets take restartPolicy Always only, Jobs only OnFailure or Never.

    `refused`: for each kind with a policy that it does not allow, whether the API server refused the policy's field.
    """
    refusing = [name for name, is_refused in refused.items() if is_refused]
    accepting = [name for name in refused if name not in refusing]
    evidence = (
        f"The API server refused the field spec.template.spec.restartPolicy of: {', '.join(refusing) or 'nothing'}"
        + (f". It did not refuse it of: {', '.join(accepting)}." if accepting else ".")
    )
    if not accepting:
        return confirmed(evidence)
    return conditional(f"except for {', '.join(accepting)}", evidence) if refusing else refuted(evidence)
