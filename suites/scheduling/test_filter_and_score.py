"""The scheduler filters out nodes that do not fit, then picks the node with the highest score."""

import pytest

from harness.suite import ClaimRecorder, Cluster, ManifestMaker, Waits, list_of, nodes_of

PODS = 4
"""If the score had no effect, four pods would all land on the preferred one of two nodes once in 16 times."""


@pytest.mark.workers(2)
@pytest.mark.claim("5.3")
def test_unfit_nodes_are_left_out_and_the_best_of_the_rest_is_taken(
    cluster: Cluster, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Of two nodes that fit, the one with the higher score gets all pods. A node that does not fit gets none."""
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
    pods_by_node = {app: list_of(nodes) for app, nodes in seen.items()}
    expected = {app: {node: PODS} for app, (_, _, node) in experiments.items()}
    claim.decide(
        "5.3",
        seen == expected,
        f"Pods by node, of {PODS} in each group: {pods_by_node['prefers-first']} when {first} and {second} both fit "
        f"and the pods preferred {first}; {pods_by_node['prefers-second']} when both fit and the pods preferred "
        f"{second}; {pods_by_node['may-not-have-it']} when the pods preferred {second} but required {first}.",
    )
    assert seen == expected
