"""Startup probes: readiness and liveness probes do not run until the startup probe has succeeded."""

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, is_ready, restarts, wait_until

ATTEMPTS = 6
"""Attempts of the startup probe to wait for.

The liveness probe fails from its first attempt, with failureThreshold 4. If it ran, it would kill the container before
the startup probe had run this often.
"""


@pytest.mark.claim("7.3")
def test_a_startup_probe_holds_the_others_off(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """While the startup probe fails, the readiness and liveness probes do not run. Once it has succeeded, both run."""
    create("startup.yaml")
    waits.wait_pod(namespace, "slow-starter", "running", lambda pod: pod["status"]["phase"] == "Running")

    def runs(probe: str) -> int:
        found = kube.exec(namespace, "slow-starter", ("sh", "-c", f"wc -l < /tmp/{probe} || echo 0"))
        return int(found.stdout)

    while_starting = wait_until(
        f"{ATTEMPTS} attempts of the startup probe",
        lambda: {probe: runs(probe) for probe in ("startup", "readiness", "liveness")},
        lambda seen: seen["startup"] >= ATTEMPTS,
        deadline_s=60.0,
    )
    before = waits.wait_pod(namespace, "slow-starter", "as it is", lambda pod: True)
    kube.exec(namespace, "slow-starter", ("touch", "/tmp/started"))
    waits.wait_pod(namespace, "slow-starter", "ready", is_ready)
    after = waits.wait_pod(namespace, "slow-starter", "killed by its liveness probe", lambda pod: restarts(pod) > 0)

    none_ran = while_starting["readiness"] == while_starting["liveness"] == 0
    holds = none_ran and not is_ready(before) and restarts(before) == 0
    claim.decide(
        "7.3",
        holds,
        f"While the startup probe of pod slow-starter failed {while_starting['startup']} times, the readiness probe "
        f"ran {while_starting['readiness']} times and the liveness probe, which always fails, "
        f"{while_starting['liveness']} times. After the startup probe had succeeded the pod became Ready, and the "
        f"liveness probe caused {restarts(after)} restarts of its container.",
    )
    assert holds, while_starting


def test_a_container_that_never_starts_is_restarted(create: ManifestMaker, waits: Waits, namespace: str) -> None:
    """A container is killed and restarted when its startup probe reaches failureThreshold."""
    create("never-starts.yaml")
    waits.wait_pod(namespace, "never-starts", "restarted", lambda pod: restarts(pod) > 0)
