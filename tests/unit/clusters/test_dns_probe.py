"""The proof that pods work on every node."""

from clusters.addons.probe import dns_probe


def pod_of_probe():
    return dns_probe("reg/agnhost:1")["spec"]["template"]["spec"]


def test_it_stands_on_every_node_and_runs_only_after_a_name_was_resolved():
    pod = pod_of_probe()
    assert pod["tolerations"] == [{"operator": "Exists"}]
    (resolve,) = pod["initContainers"]
    assert "until nslookup kubernetes.default.svc.cluster.local" in resolve["command"][-1]
    assert {part["image"] for part in (*pod["initContainers"], *pod["containers"])} == {"reg/agnhost:1"}


def test_the_kubelet_starts_no_program_for_it_again_and_again():
    (container,) = pod_of_probe()["containers"]
    assert "readinessProbe" not in container
