"""The steps of a rolling update: the desired sizes of the old and the new ReplicaSet."""

from itertools import pairwise

import pytest

from harness.kube.objects.workloads import update_template
from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, WatchMaker, WatchRecorder

ONE_BY_ONE = [(3, 0), (3, 1), (2, 1), (2, 2), (1, 2), (1, 3), (0, 3)]
"""The (old, new) sizes for 3 replicas: up by one, then down by one."""


@pytest.mark.claim("11.1")
def test_an_update_goes_up_and_down_in_steps(
    kube: Kube,
    create: ManifestMaker,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """By default a step is at most 25% of the replicas: one pod with 3 replicas, more with 10."""
    walks = {}
    for replicas in (3, 10):
        name = f"web-{replicas}"
        create("deployment.yaml", name=name, replicas=replicas, strategy="{}")
        waits.wait_deployment_available(namespace, name)
        with record_watch("replicasets") as recorder:
            update_template(kube, namespace, name, "second")
            waits.wait_deployment_available(namespace, name)
        walks[replicas] = sizes(recorder, name)

    steps = {replicas: largest_step(walk) for replicas, walk in walks.items()}
    evidence = (
        f"Sizes of the (old, new) ReplicaSet with 3 replicas: {words(walks[3])}; with 10: {words(walks[10])}. "
        f"The largest step was {steps[3]} with 3 replicas and {steps[10]} with 10."
    )
    if walks[3] != ONE_BY_ONE:
        claim.refuted("11.1", evidence)
    elif steps[10] > 1:
        claim.conditional(
            "11.1", "as long as 25% of the replicas are one pod: with more replicas, steps are larger", evidence
        )
    else:
        claim.confirmed("11.1", evidence)
    assert walks[3] == ONE_BY_ONE
    assert walks[10][0] == (10, 0)
    assert walks[10][-1] == (0, 10)
    assert max(old + new for old, new in walks[10]) == 13, (
        f"most pods of an update with 10 replicas, expected 13 with maxSurge 25%, rounded up: {words(walks[10])}"
    )


def sizes(recorder: WatchRecorder, deployment: str) -> list[tuple[int, int]]:
    """Return the desired sizes of the old and the new ReplicaSet, one pair for each change."""
    walk: list[tuple[int, int]] = []
    old: set[str] | None = None
    for state in recorder.states("replicasets"):
        ours = {name: found for name, found in state.items() if name.startswith(f"{deployment}-")}
        old = set(ours) if old is None else old
        pair = (
            sum(found["spec"]["replicas"] for name, found in ours.items() if name in old),
            sum(found["spec"]["replicas"] for name, found in ours.items() if name not in old),
        )
        if not walk or walk[-1] != pair:
            walk.append(pair)
    return walk


def largest_step(walk: list[tuple[int, int]]) -> int:
    """Return the largest change of either ReplicaSet's size."""
    return max(max(abs(after[0] - before[0]), abs(after[1] - before[1])) for before, after in pairwise(walk))


def words(walk: list[tuple[int, int]]) -> str:
    """Return the pairs of sizes as text."""
    return " ".join(f"({old},{new})" for old, new in walk)
