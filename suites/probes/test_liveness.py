"""A liveness probe that fails: the container is killed, and what comes then is the restart policy's."""

from typing import Any

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, observe_within, restarts
from suites.probes.decisions import CLAIMED_FATES, Fate, decide_liveness

SICK = "/tmp/sick"
PROBE = "{exec: {command: [test, '!', -e, /tmp/sick]}, periodSeconds: 1, failureThreshold: 1}"
PODS = {
    "always": ("Always", PROBE),
    "on-failure": ("OnFailure", PROBE),
    "never": ("Never", PROBE),
    "no-probe": ("Always", "null"),
}
FATES = dict(zip(PODS, CLAIMED_FATES.values(), strict=True))
"""By pod: what is documented of it."""

DEADLINE_S = 60.0


@pytest.mark.claim("7.1")
def test_a_failing_liveness_probe_kills_and_the_policy_decides(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Sick containers are killed; Always and OnFailure start them again, Never does not; no probe, no death."""
    for name, (policy, probe) in PODS.items():
        create("liveness.yaml", name=name, policy=policy, probe=probe)
    for name in PODS:
        waits.wait_pod(namespace, name, "running", lambda pod: pod["status"]["phase"] == "Running")
        done = kube.exec(namespace, name, ("touch", SICK))
        assert done.exit_code == 0, done.stderr

    ended = observe_within(
        f"pods {', '.join(PODS)} of {namespace}: killed if their probe failed, started again if their policy says so",
        lambda: {name: kube.get(f"/api/v1/namespaces/{namespace}/pods/{name}") for name in PODS},
        lambda pods: {name: fate(pod) for name, pod in pods.items()} == FATES,
        describe=lambda pods: ", ".join(f"{name} {fate(pod)}" for name, pod in pods.items()),
        within_s=DEADLINE_S,
    )
    claim.record("7.1", decide_liveness(dict(zip(CLAIMED_FATES, map(fate, ended.seen.values()), strict=True))))
    pods = ended.require()
    codes = {name: exit_code(pod) for name, pod in pods.items() if name != "no-probe"}
    assert set(codes.values()) == {3}, codes


def fate(pod: dict[str, Any]) -> Fate:
    """What has become of its container."""
    failed = pod["status"]["phase"] == "Failed"
    return Fate(killed=exit_code(pod) is not None, restarted=restarts(pod) > 0, failed=failed)


def exit_code(pod: dict[str, Any]) -> int | None:
    """How its container ended last; None if it never has."""
    (status,) = pod["status"]["containerStatuses"]
    ended = status["state"].get("terminated") or status.get("lastState", {}).get("terminated")
    return None if ended is None else int(ended["exitCode"])
