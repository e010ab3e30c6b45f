"""How the scheduler finds a node: first the unfit are left out, then the best of the rest is taken."""

import pytest

from harness.suite import ClaimRecorder, Cluster, ManifestMaker, Waits, listed, nodes_of

PODS = 4
"""Four pods on the better node by chance: once in 16."""


@pytest.mark.workers(2)
@pytest.mark.claim("5.3")
def test_unfit_nodes_are_left_out_and_the_best_of_the_rest_is_taken(
    cluster: Cluster, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Of two fit nodes the better scored one gets all pods; where it is unfit, its score does not help it."""
    first, second = (node.name for node in cluster.workers[:2])
    experiments = {
        "prefers-second": (f"{first}, {second}", second, second),
        "prefers-first": (f"{first}, {second}", first, first),
        "may-not-have-it": (first, second, first),
    }
    for app, (required, preferred, _) in experiments.items():
        for number in range(PODS):
            name = f"{app}-{number}"
            create("pod-between-nodes.yaml", name=name, app=app, required=required, preferred=preferred)
    seen = {app: nodes_of(waits.wait_pods_ready(namespace, f"app={app}", PODS)) for app in experiments}
    told = {app: listed(nodes) for app, nodes in seen.items()}
    expected = {app: {node: PODS} for app, (_, _, node) in experiments.items()}
    claim.decide(
        "5.3",
        seen == expected,
        f"Two nodes were fit. Of {PODS} pods each, those that preferred {first} went to {told['prefers-first']}; those "
        f"that preferred {second} to {told['prefers-second']}; and those that preferred {second} but were not "
        f"allowed there to {told['may-not-have-it']}.",
    )
    assert seen == expected
