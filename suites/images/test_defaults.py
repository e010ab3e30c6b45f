"""The default imagePullPolicy."""

import pytest

from harness.registry.accesslog import RequestCounts
from harness.registry.server import Registry
from harness.suite import ClaimRecorder, Cluster, ManifestMaker, Waits
from suites.images.pods import is_running

NOTHING = RequestCounts()
DOCUMENTED = {
    "untagged": "Always",
    "latest": "Always",
    "tagged": "IfNotPresent",
    "digest": "IfNotPresent",
    "latest-and-digest": "Always",
}
"""https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting"""


@pytest.mark.claim("20.2")
def test_the_default_follows_from_the_images_name(
    cluster: Cluster,
    create: ManifestMaker,
    waits: Waits,
    registry: Registry,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """`:latest` and no tag get Always, another tag or a digest IfNotPresent. A second start pulls accordingly."""
    node = cluster.workers[0].name
    tags = {"tagged": "v1"}
    digests = {name: registry.push(name, tags.get(name, "latest")).digest for name in DOCUMENTED}
    suffixes = {
        "untagged": "",
        "latest": ":latest",
        "tagged": ":v1",
        "digest": f"@{digests['digest']}",
        "latest-and-digest": f":latest@{digests['latest-and-digest']}",
    }
    stored: dict[str, str] = {}
    request_counts: dict[str, RequestCounts] = {}
    for start in ("first", "second"):
        before = {name: registry.request_counts(name) for name in suffixes}
        for name, suffix in suffixes.items():
            image = f"{registry.host}/{name}{suffix}"
            create("pod.yaml", name=f"{name}-{start}", node=node, policy="null", image=image)
        for name in suffixes:
            pod = waits.wait_pod(namespace, f"{name}-{start}", "running", is_running)
            stored[name] = pod["spec"]["containers"][0]["imagePullPolicy"]
            request_counts[name] = registry.request_counts(name) - before[name]

    behaves = {name: (request_counts[name] != NOTHING) == (stored[name] == "Always") for name in suffixes}
    claim.decide(
        "20.2",
        stored == DOCUMENTED and all(behaves.values()),
        f"The API server's default, and the requests to the registry at a second start on node {node}: "
        + "; ".join(f"{name} {stored[name]}, {request_counts[name]}" for name in suffixes)
        + "."
        + " No tag has the same default as latest." * (stored["untagged"] == stored["latest"]),
    )
    assert stored == DOCUMENTED
    assert all(behaves.values()), (
        f"requests to the registry at the second start do not match {stored}: {request_counts}"
    )
