"""What happens to a container that has ended."""

import re

import pytest

from harness.suite import (
    ApiException,
    ClaimRecorder,
    ManifestMaker,
    Waits,
    WatchMaker,
    WatchRecorder,
    listed,
    refused_fields,
    restarts,
    wait_until,
)

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
"""Kinds, and the policies that they must refuse."""

UNPROCESSABLE = 422


@pytest.mark.long
@pytest.mark.claim("6.1")
def test_the_policy_decides_on_restarts_and_the_back_off_doubles(
    create: ManifestMaker, record_watch: WatchMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Always restarts, OnFailure after a failure only, Never not at all; on the same node, later each time."""
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
    nodes = {event.object["spec"].get("nodeName") for event in recorder.events("pods") if event.name == "always-1"}
    doubles = all(delay_s == FIRST_S * 2 ** (restarted - 1) for restarted, delay_s in delays_s.items())
    create("nowhere.yaml")
    default = waits.wait_pod(namespace, "nowhere", "as stored", lambda pod: True)["spec"]["restartPolicy"]
    as_expected = all(pod["status"]["phase"] == ENDED[key] and not restarts(pod) for key, pod in ended.items())
    holds = as_expected and doubles and len(nodes - {None}) == 1 and default == "Always"
    told_delays = ", ".join(f"after restart {restarted} was {delay_s} s" for restarted, delay_s in delays_s.items())
    without = {f"{policy} after exit {code}": pod["status"]["phase"] for (policy, code), pod in ended.items()}
    claim.decide(
        "6.1",
        holds,
        f"Restarted: {', '.join(f'{policy} after exit {code}' for policy, code in sorted(again))}. Ended for good: "
        f"{listed(without)}. Restarts were on {len(nodes - {None})} node; the back-off {told_delays}. "
        f"The API server filled in {default} where no policy was given.",
    )
    assert holds, (delays_s, nodes, without, default)


@pytest.mark.claim("6.2")
def test_templates_refuse_policies_that_do_not_fit(create: ManifestMaker, namespace: str, claim: ClaimRecorder) -> None:
    """Controllers that keep pods running take Always only, a Job anything but Always."""
    refused = {}
    for (kind, api), policies in TEMPLATES.items():
        selector = "backoffLimit: 1" if kind == "Job" else "selector: {matchLabels: {app: refused}}"
        for policy in policies:
            with pytest.raises(ApiException) as refusal:
                create("with-policy.yaml", kind=kind, api=api, policy=policy, selector=selector)
            named = "spec.template.spec.restartPolicy" in refused_fields(refusal.value)
            refused[kind, policy] = refusal.value.status == UNPROCESSABLE and named
    claim.decide(
        "6.2",
        all(refused.values()),
        "The API server refused, naming spec.template.spec.restartPolicy: "
        + ", ".join(f"{kind} with {policy}" for (kind, policy), so in refused.items() if so)
        + ".",
    )
    assert all(refused.values()), refused


def pod_name(policy: str, code: int) -> str:
    return f"{policy.lower()}-{code}"


def back_offs_s(recorder: WatchRecorder, name: str) -> dict[int, int]:
    """The delays that the kubelet gave as its reason to wait, by the restarts until then.

    It tells of a delay when that is over and the container about to start, so on a busy node the next status may take
    the place of one before anybody has seen it.
    """
    delays: dict[int, int] = {}
    for event in recorder.events("pods"):
        for status in event.object["status"].get("containerStatuses", []):
            told = BACK_OFF.search(status["state"].get("waiting", {}).get("message", ""))
            if event.name == name and told:
                delays[status["restartCount"]] = int(told[1] or 0) * 60 + int(told[2])
    return delays
