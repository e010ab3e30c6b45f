import pytest

from harness.kube.status import condition_of, is_ready, is_rolled_out, pod_state, runs_on_every_node, why_never_ready


def pod(name="web-1", phase="Running", ready=True, waiting=None, **metadata):
    state = {"waiting": waiting} if waiting else {"running": {}}
    return {
        "metadata": {"name": name, **metadata},
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"state": state}],
        },
    }


def deployment(generation=2, observed=2, replicas=3, updated=3, available=3, conditions=()):
    status = {"observedGeneration": observed, "replicas": replicas, "updatedReplicas": updated}
    return {
        "metadata": {"name": "web", "generation": generation},
        "spec": {"replicas": 3},
        "status": {**status, "availableReplicas": available, "conditions": list(conditions)},
    }


def test_a_pod_whose_image_cannot_be_pulled_is_never_ready():
    stuck = pod(phase="Pending", ready=False, waiting={"reason": "ErrImagePull", "message": "not found"})
    assert why_never_ready(stuck) == "pod web-1: ErrImagePull: not found"
    assert why_never_ready(pod(ready=False)) is None
    assert why_never_ready(pod(phase="Failed")) == "pod web-1 has ended: Failed"


def test_a_pod_that_is_being_deleted_is_not_ready():
    assert is_ready(pod())
    assert not is_ready(pod(deletionTimestamp="2026-01-01T00:00:00Z"))
    assert pod_state(pod(ready=False)) == "web-1 Running not Ready"


@pytest.mark.parametrize(
    "unfinished",
    [deployment(observed=1), deployment(replicas=4), deployment(updated=2), deployment(available=2)],
    ids=["not yet observed", "an old pod is left", "not all updated", "not all available"],
)
def test_a_rollout_is_complete_when_all_pods_are_new_and_available(unfinished):
    assert is_rolled_out(deployment())
    assert not is_rolled_out(unfinished)


def test_a_daemon_set_runs_when_its_newest_generation_is_ready_on_every_node():
    status = {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberReady": 3}
    assert runs_on_every_node({"metadata": {"generation": 2}, "status": status})
    assert not runs_on_every_node({"metadata": {"generation": 3}, "status": status})
    assert not runs_on_every_node({"metadata": {"generation": 2}, "status": {**status, "numberReady": 2}})
    assert not runs_on_every_node({"metadata": {"generation": 1}, "status": {"observedGeneration": 1}})


def test_null_conditions_count_as_no_conditions():
    assert condition_of({"status": {"conditions": None}}, "Established") == {}
