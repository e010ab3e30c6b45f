"""Update strategies and their bounds, checked at every change that the API server tells of."""

from collections import Counter
from dataclasses import dataclass
from functools import reduce
from operator import or_

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
BETWEEN = "in what ReplicaSets are told to have; one told to have more makes pods before another has ended its own"


@dataclass(frozen=True, slots=True)
class Extremes:
    """At any event of an update: the fewest pods available, the most wanted by all ReplicaSets, the most there.

    Pods that have been asked to end are neither available nor there.
    """

    available: int
    wanted: int
    pods: int
    overfilled: frozenset[str]
    """ReplicaSets that had more pods than the largest size they were given."""

    def within(self, least: int, most: int) -> bool:
        """What the Deployment's controller decides on: it knows pods by the sizes it has given to ReplicaSets.

        Each of these acts on its size for itself, so that pods may be more for a moment. Upstream's own test of the
        bounds counts as the controller does (https://github.com/kubernetes/kubernetes/issues/21810).
        """
        return least <= self.available and self.wanted <= most and not self.overfilled

    def __str__(self) -> str:
        return f"at least {self.available} available, at most {self.wanted} asked of ReplicaSets and {self.pods} there"


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
    """At every event enough pods are available and not too many are asked for; one that could not move is refused."""
    web = make_service("web", REPLICAS)
    client = make_client("client")
    seen, lost, late, sent = {}, 0, 0, 0
    for number, (unavailable, surge) in enumerate(BOUNDS):
        limits = {"maxUnavailable": _quantity(unavailable), "maxSurge": _quantity(surge)}
        kube.merge(
            f"/apis/apps/v1/namespaces/{namespace}/deployments/web",
            {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": limits}}},
        )
        with (
            steady_traffic(client, Request(web.cluster_ip, 80, spacing_s=SPACING_S)) as traffic,
            record_watch("pods", "replicasets") as recorder,
        ):
            update_template(kube, namespace, "web", f"update-{number}")
            waits.wait_deployment_available(namespace, "web")
        seen[unavailable, surge] = extremes(recorder)
        lost, late, sent = lost + len(traffic.lost), late + len(traffic.delayed), sent + len(traffic.replies)
    neither = "{rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}"
    with pytest.raises(ApiException) as refused:
        create("deployment.yaml", name="stuck", replicas=1, strategy=neither)

    within = all(seen[limits].within(*bound) for limits, bound in BOUNDS.items()) and refused.value.status == 422
    evidence = (
        f"Of {REPLICAS} replicas, at any event: "
        + "; ".join(
            f"with maxUnavailable {first} and maxSurge {second} {seen[first, second]}" for first, second in seen
        )
        + f". Both 0: refused. {lost} of {sent} connections were lost meanwhile, {late} were answered only "
        "after their SYN had been sent again; pods ended without grace."
    )
    if within and any(seen[limits].pods > most for limits, (_, most) in BOUNDS.items()):
        claim.conditional("12.2", BETWEEN, evidence)
    else:
        claim.decide("12.2", within, evidence)
    assert within, f"bounds {BOUNDS}, {evidence} {seen}"


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


def extremes(recorder: WatchRecorder) -> Extremes:
    """Of the Deployment's pods and ReplicaSets."""
    pods = [
        [pod for name, pod in standing.items() if _is_ours(name) and "deletionTimestamp" not in pod["metadata"]]
        for standing in recorder.states("pods")
    ]
    sizes = [
        Counter({name: found["spec"]["replicas"] for name, found in standing.items() if _is_ours(name)})
        for standing in recorder.states("replicasets")
    ]
    fullest = reduce(or_, (Counter(pod["metadata"]["ownerReferences"][0]["name"] for pod in there) for there in pods))
    overfilled = frozenset(fullest - reduce(or_, sizes))
    wanted = max(size.total() for size in sizes)
    return Extremes(min(sum(map(is_ready, there)) for there in pods), wanted, max(map(len, pods)), overfilled)


def _is_ours(name: str) -> bool:
    return name.startswith("web-")


def _quantity(text: str) -> int | str:
    return text.strip('"') if "%" in text else int(text)
