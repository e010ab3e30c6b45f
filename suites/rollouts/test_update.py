"""How an update goes on: the sizes of the old and the new ReplicaSet, step by step."""

from itertools import pairwise

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, WatchMaker, WatchRecorder, update_template

ONE_BY_ONE = [(3, 0), (3, 1), (2, 1), (2, 2), (1, 2), (1, 3), (0, 3)]
"""(old, new) for 3 replicas: one up, one down."""


@pytest.mark.claim("11.1")
def test_an_update_goes_up_and_down_in_steps(
    kube: Kube,
    create: ManifestMaker,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """By default steps are as large as 25% allow: one pod with 3 replicas, more with 10."""
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
        f"(old, new) sizes with 3 replicas: {words(walks[3])}; with 10: {words(walks[10])}. "
        f"The largest step is {steps[3]} and {steps[10]} pods."
    )
    if walks[3] != ONE_BY_ONE:
        claim.refuted("11.1", evidence)
    elif steps[10] > 1:
        claim.conditional(
            "11.1", "as long as 25% of the replicas come to one pod: with more, steps are larger", evidence
        )
    else:
        claim.confirmed("11.1", evidence)
    assert walks[3] == ONE_BY_ONE
    assert walks[10][0] == (10, 0)
    assert walks[10][-1] == (0, 10)
    assert max(old + new for old, new in walks[10]) == 13, "25% of 10, rounded up, may come on top"


def sizes(recorder: WatchRecorder, deployment: str) -> list[tuple[int, int]]:
    """The wanted sizes of the old and the new ReplicaSet, each pair once in its turn."""
    walk: list[tuple[int, int]] = []
    old: set[str] | None = None
    for standing in recorder.states("replicasets"):
        ours = {name: found for name, found in standing.items() if name.startswith(f"{deployment}-")}
        old = set(ours) if old is None else old
        pair = (
            sum(found["spec"]["replicas"] for name, found in ours.items() if name in old),
            sum(found["spec"]["replicas"] for name, found in ours.items() if name not in old),
        )
        if not walk or walk[-1] != pair:
            walk.append(pair)
    return walk


def largest_step(walk: list[tuple[int, int]]) -> int:
    return max(max(abs(after[0] - before[0]), abs(after[1] - before[1])) for before, after in pairwise(walk))


def words(walk: list[tuple[int, int]]) -> str:
    return " ".join(f"({old},{new})" for old, new in walk)
