"""A failing liveness probe: the kubelet kills the container, and the restart policy decides what happens next."""

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, observe_within
from suites.probes.decisions import CLAIMED_FATES, decide_liveness, exit_code, fate

SICK = "/tmp/sick"
PROBE = "{exec: {command: [test, '!', -e, /tmp/sick]}, periodSeconds: 1, failureThreshold: 1}"
PODS = {
    "always": ("Always", PROBE),
    "on-failure": ("OnFailure", PROBE),
    "never": ("Never", PROBE),
    "no-probe": ("Always", "null"),
}
FATES = dict(zip(PODS, CLAIMED_FATES.values(), strict=True))
"""For each pod, the documented outcome."""

DEADLINE_S = 60.0


@pytest.mark.claim("7.1")
def test_a_failing_liveness_probe_kills_and_the_policy_decides(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Containers with a failing liveness probe are killed; a container without a probe is not.

    Always and OnFailure start the container again, Never does not.
    """
    for name, (policy, probe) in PODS.items():
        create("liveness.yaml", name=name, policy=policy, probe=probe)
    for name in PODS:
        waits.wait_pod(namespace, name, "running", lambda pod: pod["status"]["phase"] == "Running")
        done = kube.exec(namespace, name, ("touch", SICK))
        assert done.exit_code == 0, done.stderr

    ended = observe_within(
        f"pods {', '.join(PODS)} in {namespace}: containers with a probe killed, and restarted as their policy says",
        lambda: {name: kube.get(f"/api/v1/namespaces/{namespace}/pods/{name}") for name in PODS},
        lambda pods: {name: fate(pod) for name, pod in pods.items()} == FATES,
        describe=lambda pods: ", ".join(f"{name} {fate(pod)}" for name, pod in pods.items()),
        within_s=DEADLINE_S,
    )
    claim.record("7.1", decide_liveness(dict(zip(CLAIMED_FATES, map(fate, ended.seen.values()), strict=True))))
    pods = ended.require()
    codes = {name: exit_code(pod) for name, pod in pods.items() if name != "no-probe"}
    assert codes["never"] == 3, codes
    assert set(codes.values()) <= {3, None}, codes
