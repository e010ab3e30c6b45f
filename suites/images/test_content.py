"""Images that cannot be pulled, and content that does not match its digest."""

from harness.registry.server import Registry
from harness.suite import Cluster, ManifestMaker, Waits, WatchMaker
from suites.images.pods import has_container, is_decided, is_refused, is_running, waits_for

NO_SUCH_DIGEST = "sha256:" + "0" * 64


def test_a_pod_says_why_its_image_cannot_be_had(
    cluster: Cluster, create: ManifestMaker, waits: Waits, registry: Registry, namespace: str
) -> None:
    """The pod's message says "not found" for a missing repository, tag or digest, and another repository's digest."""
    node = cluster.workers[0].name
    registry.push("web", "v1")
    other = registry.push("other", "v1").digest
    images = {
        "no-repository": "none:v1",
        "no-tag": "web:v2",
        "no-digest": f"web@{NO_SUCH_DIGEST}",
        "digest-of-another": f"web@{other}",
    }
    for name, image in images.items():
        create("pod.yaml", name=name, node=node, policy="IfNotPresent", image=f"{registry.host}/{image}")
    for name, image in images.items():
        pod = waits.wait_pod(namespace, name, "with an image that cannot be pulled", is_refused)
        _, why = waits_for(pod)
        assert "not found" in why, f"{image}: {why}"
        assert f"{registry.host}/{image}" in why, f"pod {name}'s message does not name the image: {why}"


def test_content_that_does_not_fit_its_digest_never_runs(
    cluster: Cluster,
    create: ManifestMaker,
    record_watch: WatchMaker,
    waits: Waits,
    registry: Registry,
    namespace: str,
) -> None:
    """No container is created from a manifest or layer with another digest. With the right content pods run."""
    node = cluster.workers[0].name
    images = {name: registry.push(name, "v1", "right") for name in ("manifest", "layer")}
    others = {name: registry.push(name, "v2", "wrong") for name in images}
    references = {name: f"{registry.host}/{name}@{image.digest}" for name, image in images.items()}
    with (
        record_watch("pods") as recorder,
        registry.corrupted(images["manifest"].digest, others["manifest"].manifest),
        registry.corrupted(images["layer"].layer_digest, others["layer"].layer),
    ):
        served = registry.manifest("manifest", images["manifest"].digest)
        assert served == others["manifest"].manifest, (
            "the registry serves the original manifest instead of the corrupted one, so the case decides nothing"
        )
        for name, reference in references.items():
            create("pod.yaml", name=name, node=node, policy="Always", image=reference)
        why = {name: waits_for(waits.wait_pod(namespace, name, "running or refused", is_decided))[1] for name in images}
    started = {event.name for event in recorder.events("pods") if has_container(event.object)}
    assert not started, f"containers of pods {started} were created from content that does not match its digest"
    assert all("digest" in message for message in why.values()), why

    for name, reference in references.items():
        create("pod.yaml", name=f"{name}-mended", node=node, policy="Always", image=reference)
        waits.wait_pod(namespace, f"{name}-mended", "running", is_running)
