"""A startup probe: until it succeeds, the others do not run."""

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, is_ready, restarts, wait_until

ATTEMPTS = 6
"""The liveness probe fails from its first attempt and gives up after four: these many would have shown it."""


@pytest.mark.claim("7.3")
def test_a_startup_probe_holds_the_others_off(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """While it fails, neither readiness nor liveness is asked; once it has succeeded, both are."""
    create("startup.yaml")
    waits.wait_pod(namespace, "slow-starter", "running", lambda pod: pod["status"]["phase"] == "Running")

    def asked(probe: str) -> int:
        found = kube.exec(namespace, "slow-starter", ("sh", "-c", f"wc -l < /tmp/{probe} || echo 0"))
        return int(found.stdout)

    held = wait_until(
        f"{ATTEMPTS} attempts of the startup probe",
        lambda: {probe: asked(probe) for probe in ("startup", "readiness", "liveness")},
        lambda seen: seen["startup"] >= ATTEMPTS,
        deadline_s=60.0,
    )
    before = waits.wait_pod(namespace, "slow-starter", "as it is", lambda pod: True)
    kube.exec(namespace, "slow-starter", ("touch", "/tmp/started"))
    waits.wait_pod(namespace, "slow-starter", "ready", is_ready)
    after = waits.wait_pod(namespace, "slow-starter", "killed by its liveness probe", lambda pod: restarts(pod) > 0)

    holds = held["readiness"] == held["liveness"] == 0 and not is_ready(before) and restarts(before) == 0
    claim.decide(
        "7.3",
        holds,
        f"While the startup probe failed {held['startup']} times, the readiness probe was asked {held['readiness']} "
        f"times and the liveness probe, which always fails, {held['liveness']} times. Once it had succeeded the pod "
        f"became ready, and its liveness probe had it restarted ({restarts(after)}).",
    )
    assert holds, held


def test_a_container_that_never_starts_is_restarted(create: ManifestMaker, waits: Waits, namespace: str) -> None:
    """A startup probe past its failureThreshold ends the container, as a liveness probe would."""
    create("never-starts.yaml")
    waits.wait_pod(namespace, "never-starts", "restarted", lambda pod: restarts(pod) > 0)
