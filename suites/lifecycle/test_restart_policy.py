"""Restart policies: which ended containers are restarted, and when."""

import re
from typing import Any

import pytest

from harness.suite import (
    ApiException,
    ClaimRecorder,
    Kube,
    ManifestMaker,
    Waits,
    WatchMaker,
    WatchRecorder,
    list_of,
    refused_fields,
    restarts,
    wait_until,
)
from suites.lifecycle.decisions import OwnPolicies, decide_own_policies, decide_template_policies

BACK_OFF = re.compile(r"back-off (?:(\d+)m)?(\d+)s restarting")
FIRST_S = 10
STEPS = 2
RESTARTED = {("Always", 0), ("Always", 1), ("OnFailure", 1)}
ENDS = ("Succeeded", "Failed")
ENDED = {("OnFailure", 0): "Succeeded", ("Never", 0): "Succeeded", ("Never", 1): "Failed"}
TEMPLATES = {
    ("ReplicaSet", "apps/v1"): ("Never", "OnFailure"),
    ("Deployment", "apps/v1"): ("Never", "OnFailure"),
    ("DaemonSet", "apps/v1"): ("Never", "OnFailure"),
    ("Job", "batch/v1"): ("Always",),
}
"""For each (kind, API version), the policies that the API server must refuse."""

UNPROCESSABLE = 422
NAMED, UNNAMED = 42, 1
"""Exit codes: the one in the rule of restart-rule.yaml, and another one."""


@pytest.mark.long
@pytest.mark.claim("6.1")
def test_the_policy_decides_on_restarts_and_the_back_off_doubles(
    create: ManifestMaker, record_watch: WatchMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Always restarts a container, OnFailure does after a failure, Never does not.

    Restarts are on the same node, and the back-off doubles each time.
    """
    with record_watch("pods") as recorder:
        for policy, code in sorted(RESTARTED | set(ENDED)):
            create("exits.yaml", name=pod_name(policy, code), policy=policy, code=code)
        ended = {
            key: waits.wait_pod(namespace, pod_name(*key), "ended", lambda pod: pod["status"]["phase"] in ENDS)
            for key in ENDED
        }
        again = {
            key: waits.wait_pod(namespace, pod_name(*key), "restarted", lambda pod: restarts(pod) > 0)
            for key in RESTARTED
        }
        delays_s = wait_until(
            f"{STEPS} back-off delays of {namespace}/always-1",
            lambda: back_offs_s(recorder, "always-1"),
            lambda seen: len(seen) >= STEPS,
            deadline_s=120.0,
        )
        # Other containers have been restarted twice by now, so a pod that is still ended will not be restarted.
        ended = {key: waits.wait_pod(namespace, pod_name(*key), "as it is", lambda pod: True) for key in ended}
    # From the kubelet's reports, because the node in a pod's spec never changes.
    hosts = {event.object["status"].get("hostIP") for event in recorder.events("pods") if event.name == "always-1"}
    doubles = all(delay_s == FIRST_S * 2 ** (restarted - 1) for restarted, delay_s in delays_s.items())
    create("nowhere.yaml")
    default = waits.wait_pod(namespace, "nowhere", "as stored", lambda pod: True)["spec"]["restartPolicy"]
    as_expected = all(pod["status"]["phase"] == ENDED[key] and not restarts(pod) for key, pod in ended.items())
    holds = as_expected and doubles and len(hosts - {None}) == 1 and default == "Always"
    delays = ", ".join(f"{delay_s} s after restart {restarted}" for restarted, delay_s in delays_s.items())
    not_restarted = {f"{policy} after exit {code}": pod["status"]["phase"] for (policy, code), pod in ended.items()}
    claim.decide(
        "6.1",
        holds,
        f"Restarted: {', '.join(f'{policy} after exit {code}' for policy, code in sorted(again))}. Not restarted, with "
        f"phase: {list_of(not_restarted)}. The container of pod always-1 was restarted on {len(hosts - {None})} node, "
        f"with a back-off of {delays}. The API server set {default} for a pod without a policy.",
    )
    assert holds, f"back-off {delays_s}, nodes {hosts}, not restarted {not_restarted}, default policy {default}"


@pytest.mark.claim("6.1")
def test_a_container_may_have_a_restart_policy_of_its_own(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """In pods with restartPolicy Never a sidecar and a container whose restartPolicyRules match are restarted."""
    sidecar, named, unnamed = None, None, None
    if refusal(create, "sidecar-ends.yaml") is None and kept(kube, namespace, "sidecar-ends", "restartPolicy"):
        sidecar = waits.observe_pod(namespace, "sidecar-ends", "with its sidecar restarted", has_restarted_sidecar)
    named_refused = refusal(create, "restart-rule.yaml", name="named", code=NAMED)
    if named_refused is None and kept(kube, namespace, "named", "restartPolicyRules"):
        create("restart-rule.yaml", name="unnamed", code=UNNAMED)
        named = waits.observe_pod(namespace, "named", "restarted", lambda pod: restarts(pod) > 0)
        unnamed = waits.observe_pod(namespace, "unnamed", "ended", lambda pod: pod["status"]["phase"] in ENDS)
    seen = OwnPolicies(
        sidecar_restarted=None if sidecar is None else sidecar.met,
        named_restarted=None if named is None else named.met,
        unnamed_restarted=None if unnamed is None else unnamed.seen is not None and restarts(unnamed.seen) > 0,
    )
    claim.record("6.1", decide_own_policies(seen))
    # First, because a pod whose container is restarted again and again never ends, so `require` below would fail.
    assert not seen.unnamed_restarted, (
        f"the container of pod {namespace}/unnamed was restarted, which neither its rules nor its policy allow"
    )
    for observation in (sidecar, named, unnamed):
        if observation is not None:
            observation.require()


@pytest.mark.claim("6.2")
def test_templates_refuse_policies_that_do_not_fit(create: ManifestMaker, namespace: str, claim: ClaimRecorder) -> None:
    """The API server refuses other policies than Always for controllers that keep pods running, and Always for Jobs."""
    refused = {}
    for (kind, api), policies in TEMPLATES.items():
        selector = "backoffLimit: 1" if kind == "Job" else "selector: {matchLabels: {app: refused}}"
        for policy in policies:
            name = f"with-{policy.lower()}"
            found = refusal(create, "with-policy.yaml", name=name, kind=kind, api=api, policy=policy, selector=selector)
            fields = frozenset[str]() if found is None else refused_fields(found)
            refused[f"{kind} with {policy}"] = "spec.template.spec.restartPolicy" in fields
    claim.record("6.2", decide_template_policies(refused))
    assert all(refused.values()), f"refusals of the field spec.template.spec.restartPolicy: {refused}"


def refusal(create: ManifestMaker, file: str, **words: object) -> ApiException | None:
    """Create the objects of the file. Return the API server's refusal (status 422), or None if it accepts them."""
    try:
        create(file, **words)
    except ApiException as refused:
        if refused.status != UNPROCESSABLE:
            raise
        return refused
    return None


def kept(kube: Kube, namespace: str, name: str, field: str) -> bool:
    """Return whether the API server stored a field of the pod's first (init) container.

    With the field's feature gate off the API server accepts the pod and drops the field.
    """
    spec = kube.get(f"/api/v1/namespaces/{namespace}/pods/{name}")["spec"]
    return field in spec.get("initContainers", spec["containers"])[0]


def has_restarted_sidecar(pod: dict[str, Any]) -> bool:
    """Return whether an init container of the pod was restarted."""
    return any(found["restartCount"] > 0 for found in pod["status"].get("initContainerStatuses", []))


def pod_name(policy: str, code: int) -> str:
    return f"{policy.lower()}-{code}"


def back_offs_s(recorder: WatchRecorder, name: str) -> dict[int, int]:
    """Return the back-off delays in seconds that the kubelet reported, by the number of restarts before each.

    The kubelet reports a delay when it is over and the container is about to start. On a busy node the next status may
    therefore replace that report before a watch sees it.
    """
    delays: dict[int, int] = {}
    for event in recorder.events("pods"):
        for status in event.object["status"].get("containerStatuses", []):
            delay = BACK_OFF.search(status["state"].get("waiting", {}).get("message", ""))
            if event.name == name and delay:
                delays[status["restartCount"]] = int(delay[1] or 0) * 60 + int(delay[2])
    return delays
