"""Tests of the check that pods work on every node."""

from clusters.addons.probe import dns_probe


def probe_pod():
    return dns_probe("reg/agnhost:1")["spec"]["template"]["spec"]


def test_the_pod_tolerates_all_taints_and_runs_only_after_it_has_resolved_a_name():
    pod = probe_pod()
    assert pod["tolerations"] == [{"operator": "Exists"}]
    (resolve,) = pod["initContainers"]
    assert "until nslookup kubernetes.default.svc.cluster.local" in resolve["command"][-1]
    assert {part["image"] for part in (*pod["initContainers"], *pod["containers"])} == {"reg/agnhost:1"}


def test_the_pod_has_no_readiness_probe_that_starts_programs():
    (container,) = probe_pod()["containers"]
    assert "readinessProbe" not in container
