"""imagePullPolicy, from the requests to a registry while one node starts pods."""

import pytest

from harness.registry.accesslog import RequestCounts
from harness.registry.server import Registry
from harness.suite import ClaimRecorder, Cluster, ManifestMaker, Waits, restarts
from suites.images.decisions import (
    BLOBS,
    NOTHING,
    Pulls,
    decide_moved_tag,
    decide_pulls,
    decide_restarts,
    decide_without_registry,
)
from suites.images.pods import image_digest, is_decided, is_running, waits_for

ASKED = {"Always": [True, True, True], "IfNotPresent": [True, False, False], "Never": [False, False]}
FETCHED = {"Always": [BLOBS, 0, 0], "IfNotPresent": [BLOBS, 0, 0], "Never": [0, 0]}
"""For each policy and start: whether the registry got any request, and the number of blobs downloaded.

https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
"""


@pytest.mark.claim("20.1")
def test_the_policy_decides_what_the_registry_is_asked(
    cluster: Cluster, create: ManifestMaker, waits: Waits, registry: Registry, namespace: str, claim: ClaimRecorder
) -> None:
    """Always asks the registry at every start and downloads nothing twice. IfNotPresent asks once, Never does not."""
    node = cluster.workers[0].name
    seen: dict[str, list[RequestCounts]] = {}
    for policy in ("Always", "IfNotPresent"):
        repository, seen[policy] = policy.lower(), []
        registry.push(repository, "v1")
        for number in range(3):
            before, name = registry.request_counts(repository), f"{repository}-{number}"
            create("pod.yaml", name=name, node=node, policy=policy, image=f"{registry.host}/{repository}:v1")
            waits.wait_pod(namespace, name, "running", is_running)
            seen[policy].append(registry.request_counts(repository) - before)

    registry.push("never", "v1")
    before = registry.request_counts("ifnotpresent")
    create("pod.yaml", name="absent", node=node, policy="Never", image=f"{registry.host}/never:v1")
    create("pod.yaml", name="present", node=node, policy="Never", image=f"{registry.host}/ifnotpresent:v1")
    present, absent = (
        waits.wait_pod(namespace, name, "running or refused", is_decided) for name in ("present", "absent")
    )
    reason, _ = waits_for(absent)
    seen["Never"] = [registry.request_counts("never"), registry.request_counts("ifnotpresent") - before]

    request_counts = {policy: [start != NOTHING for start in starts] for policy, starts in seen.items()}
    fetched = {policy: [start.blobs for start in starts] for policy, starts in seen.items()}
    never = is_running(present) and reason == "ErrImageNeverPull"
    pulls = Pulls(
        always=seen["Always"],
        if_not_present=seen["IfNotPresent"],
        never=seen["Never"],
        never_runs=is_running(present),
        never_refuses=reason == "ErrImageNeverPull",
    )
    claim.record("20.1", decide_pulls(pulls))
    assert request_counts == ASKED
    assert fetched == FETCHED
    assert never, (present["status"], absent["status"])


@pytest.mark.claim("20.1")
def test_a_restarted_container_is_a_start_as_well(
    cluster: Cluster, create: ManifestMaker, waits: Waits, registry: Registry, namespace: str, claim: ClaimRecorder
) -> None:
    """With Always the registry is asked before a container restarts in its pod, with IfNotPresent it is not."""
    node = cluster.workers[0].name
    starts, seen = {}, {}
    for policy in ("Always", "IfNotPresent"):
        name = policy.lower()
        registry.push(name, "v1")
        image = f"{registry.host}/{name}:v1"
        create("pod.yaml", name=name, node=node, policy=policy, image=image)
        waits.wait_pod(namespace, name, "running", is_running)
        before = registry.request_counts(name)
        create("restarting-pod.yaml", name=f"{name}-again", node=node, policy=policy, image=image)
        pod = waits.wait_pod(namespace, f"{name}-again", "started again", lambda pod: restarts(pod) > 0)
        starts[policy], seen[policy] = 1 + restarts(pod), registry.request_counts(name) - before

    always, if_not_present = seen["Always"], seen["IfNotPresent"]
    holds = always.checks >= starts["Always"] and if_not_present == NOTHING
    claim.record("20.1", decide_restarts(starts, seen))
    assert holds, f"requests to the registry by policy, at {starts} starts: {seen}"
    assert always.blobs == 0, f"blobs were downloaded again: {always}"


@pytest.mark.claim("20.1")
def test_a_tag_that_moved_is_seen_with_always_only(
    cluster: Cluster, create: ManifestMaker, waits: Waits, registry: Registry, namespace: str, claim: ClaimRecorder
) -> None:
    """After other content is pushed under the same tag, Always runs the new image, IfNotPresent the old one."""
    node = cluster.workers[0].name
    policies = {"always": "Always", "ifnotpresent": "IfNotPresent"}
    pushed, ran = {}, {}
    for word in ("old", "new"):
        for repository, policy in policies.items():
            pushed[repository, word] = registry.push(repository, "v1", word).digest
            name = f"{repository}-{word}"
            create("pod.yaml", name=name, node=node, policy=policy, image=f"{registry.host}/{repository}:v1")
            ran[repository, word] = image_digest(waits.wait_pod(namespace, name, "running", is_running))

    assert all(ran[repository, "old"] == pushed[repository, "old"] for repository in policies), (pushed, ran)
    followed = ran["always", "new"] == pushed["always", "new"]
    stayed = ran["ifnotpresent", "new"] == pushed["ifnotpresent", "old"]
    claim.record("20.1", decide_moved_tag(followed, stayed))
    assert followed, f"the pod with Always did not run the new image: pushed {pushed}, ran {ran}"
    assert stayed, f"the pod with IfNotPresent did not run the old image: pushed {pushed}, ran {ran}"


GONE_DEADLINE_S = 120.0
"""containerd waits 30 s for a connection to an address that does not answer."""


@pytest.mark.long
@pytest.mark.claim("20.1")
def test_a_registry_that_is_gone_stops_always_only(
    cluster: Cluster, create: ManifestMaker, waits: Waits, registry: Registry, namespace: str, claim: ClaimRecorder
) -> None:
    """An image on the node runs without its registry, unless the policy is Always."""
    node, image = cluster.workers[0].name, f"{registry.host}/web:v1"
    registry.push("web", "v1")
    create("pod.yaml", name="first", node=node, policy="Always", image=image)
    waits.wait_pod(namespace, "first", "running", is_running)
    registry.stop()
    for policy in ("Always", "IfNotPresent", "Never"):
        create("pod.yaml", name=policy.lower(), node=node, policy=policy, image=image)
    for name in ("ifnotpresent", "never"):
        waits.wait_pod(namespace, name, "running", is_running)
    _, why = waits_for(waits.wait_pod(namespace, "always", "running or refused", is_decided, GONE_DEADLINE_S))
    claim.record("20.1", decide_without_registry(why.rpartition(": ")[2]))
    assert why, "the pod with Always started without its registry"
