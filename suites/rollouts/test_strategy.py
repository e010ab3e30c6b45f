"""Update strategies and their bounds, checked at every change that the API server tells of."""

import pytest

from harness.suite import (
    ApiException,
    ClaimRecorder,
    ClientMaker,
    Kube,
    ManifestMaker,
    Request,
    ServiceMaker,
    Waits,
    WatchMaker,
    WatchRecorder,
    is_ready,
    steady_traffic,
    update_template,
)

REPLICAS = 5
BOUNDS = {
    ("1", "0"): (4, 5),
    ("0", "1"): (5, 6),
    ('"30%"', '"30%"'): (4, 7),
}
"""(maxUnavailable, maxSurge): the least available and the most pods of 5; 30% are 1 rounded down and 2 rounded up."""

SPACING_S = 0.02


@pytest.mark.long
@pytest.mark.claim("12.2")
def test_an_update_stays_within_its_bounds(
    kube: Kube,
    create: ManifestMaker,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """At every event enough pods are available and not too many are there; one that could not move is refused."""
    web = make_service("web", REPLICAS)
    client = make_client("client")
    seen, lost, sent = {}, 0, 0
    for number, (unavailable, surge) in enumerate(BOUNDS):
        limits = {"maxUnavailable": _quantity(unavailable), "maxSurge": _quantity(surge)}
        kube.merge(
            f"/apis/apps/v1/namespaces/{namespace}/deployments/web",
            {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": limits}}},
        )
        with (
            steady_traffic(client, Request(web.cluster_ip, 80, spacing_s=SPACING_S)) as traffic,
            record_watch("pods") as recorder,
        ):
            update_template(kube, namespace, "web", f"update-{number}")
            waits.wait_deployment_available(namespace, "web")
        seen[unavailable, surge] = extremes(recorder)
        lost, sent = lost + len(traffic.lost), sent + len(traffic.replies)
    neither = "{rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}"
    with pytest.raises(ApiException) as refused:
        create("deployment.yaml", name="stuck", replicas=1, strategy=neither)

    within = {limits: bound[0] <= seen[limits][0] and seen[limits][1] <= bound[1] for limits, bound in BOUNDS.items()}
    claim.decide(
        "12.2",
        all(within.values()) and refused.value.status == 422,
        f"Of {REPLICAS} replicas, by (maxUnavailable, maxSurge), the fewest available and the most there at any event: "
        + ", ".join(f"({first}, {second}) {seen[first, second]}" for first, second in seen)
        + f". Both 0: refused. {lost} of {sent} connections were lost meanwhile; pods ended without grace.",
    )
    assert all(within.values()), f"bounds {BOUNDS}, seen {seen}"
    assert refused.value.status == 422


@pytest.mark.claim("12.1")
def test_rolling_update_is_the_default_and_recreate_ends_all_first(
    kube: Kube,
    create: ManifestMaker,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """The API server fills in RollingUpdate; with Recreate no new pod exists beside an old one."""
    create("deployment.yaml", name="default", replicas=1, strategy="null")
    default = kube.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/default")["spec"]["strategy"]
    create("deployment.yaml", name="web", replicas=3, strategy="{type: Recreate}")
    old = {pod["metadata"]["name"] for pod in waits.wait_pods_ready(namespace, "app=web", 3)}
    with record_watch("pods") as recorder:
        update_template(kube, namespace, "web", "second")
        waits.wait_deployment_available(namespace, "web")
    together = [
        standing
        for standing in recorder.states("pods")
        if old & set(standing) and any(name.startswith("web-") and name not in old for name in standing)
    ]
    fewest = min(sum(name.startswith("web-") for name in standing) for standing in recorder.states("pods"))
    holds = default["type"] == "RollingUpdate" and not together and fewest == 0
    claim.decide(
        "12.1",
        holds,
        f"The API server filled in {default['type']} with maxSurge {default['rollingUpdate']['maxSurge']} and "
        f"maxUnavailable {default['rollingUpdate']['maxUnavailable']}. With Recreate old and new pods stood "
        f"side by side at {len(together)} events, and for a while there were {fewest} pods.",
    )
    assert holds, (default, len(together), fewest)


def extremes(recorder: WatchRecorder) -> tuple[int, int]:
    """The fewest available and the most pods of the Deployment at any event; those asked to end count as neither."""
    staying = [
        [
            pod
            for name, pod in standing.items()
            if name.startswith("web-") and "deletionTimestamp" not in pod["metadata"]
        ]
        for standing in recorder.states("pods")
    ]
    return min(sum(map(is_ready, pods)) for pods in staying), max(map(len, staying))


def _quantity(text: str) -> int | str:
    return text.strip('"') if "%" in text else int(text)
