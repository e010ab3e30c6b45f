"""A liveness probe that fails: the container is killed, and what comes then is the restart policy's."""

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, listed, restarts

SICK = "/tmp/sick"
PROBE = "{exec: {command: [test, '!', -e, /tmp/sick]}, periodSeconds: 1, failureThreshold: 1}"
PODS = {
    "always": ("Always", PROBE),
    "on-failure": ("OnFailure", PROBE),
    "never": ("Never", PROBE),
    "no-probe": ("Always", "null"),
}


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

    again = {
        name: waits.wait_pod(namespace, name, "started again", lambda pod: restarts(pod) > 0)
        for name in ("always", "on-failure")
    }
    never = waits.wait_pod(namespace, "never", "ended", lambda pod: pod["status"]["phase"] == "Failed")
    spared = waits.wait_pod(namespace, "no-probe", "as it was", lambda pod: True)

    codes = {
        name: pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"]
        for name, pod in again.items()
    }
    codes["never"] = never["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]
    holds = set(codes.values()) == {3} and restarts(never) == 0 and restarts(spared) == 0
    claim.decide(
        "7.1",
        holds,
        f"Containers whose probe failed ended, with 3 if they had been asked to ({listed(codes)}). Under Always and "
        f"OnFailure they were started again, under Never the pod ended as {never['status']['phase']}. The one without "
        f"a probe was as sick and had {restarts(spared)} restarts.",
    )
    assert holds, (codes, restarts(never), restarts(spared))
