"""The decision functions for the claims about the life of pods: each can return every verdict."""

import pytest

from harness.suite import Kube
from suites.lifecycle.decisions import (
    MirrorManaged,
    OwnPolicies,
    StaticAlone,
    StaticProbes,
    WithoutControllerManager,
    decide_creation,
    decide_management,
    decide_own_policies,
    decide_static_creation,
    decide_static_probes,
    decide_template_policies,
)
from suites.lifecycle.test_creation import refusals
from suites.lifecycle.test_restart_policy import kept
from tests.fakes.cluster.apiserver import FakeApiServer, serving


def ids(value):
    return value if isinstance(value, str) else ""


def mirror(after=("c1",), remade=True, label_kept=False, before=("c1",)):
    return MirrorManaged("static-worker", before, after, remade, label_kept)


@pytest.mark.parametrize(
    ("case", "seen", "verdict"),
    [
        ("the container was not affected", mirror(), "confirmed"),
        ("deleting stopped the container", mirror(after=()), "refuted"),
        ("deleting replaced the container", mirror(after=("c2",)), "refuted"),
        ("deleting and editing took effect", mirror(after=("c2",), label_kept=True), "refuted"),
        ("no container ran at all", mirror(before=(), after=()), "untested"),
        ("a container appeared only later", mirror(before=()), "untested"),
        ("the label is kept", mirror(label_kept=True), "conditional"),
        ("the mirror pod is not created again", mirror(remade=False), "conditional"),
    ],
    ids=ids,
)
def test_managing_a_static_pod(case, seen, verdict):
    assert decide_management(seen).verdict == verdict


@pytest.mark.parametrize(
    ("case", "seen", "verdict"),
    [
        ("both probes are run", StaticProbes(True, True, True), "refuted"),
        ("only the ordinary pod is probed", StaticProbes(False, False, True), "confirmed"),
        ("only liveness", StaticProbes(True, False, True), "conditional"),
        ("only readiness", StaticProbes(False, True, True), "conditional"),
        ("the kubelet probes nothing", StaticProbes(False, False, False), "untested"),
        ("no liveness probe has an effect", StaticProbes(False, True, False), "untested"),
    ],
    ids=ids,
)
def test_probes_of_static_pods(case, seen, verdict):
    assert decide_static_probes(seen).verdict == verdict


def alone(started=True, ended=True, later=True, elsewhere=()):
    return StaticAlone("worker", started, ended, later, elsewhere)


@pytest.mark.parametrize(
    ("case", "seen", "verdict"),
    [
        ("started and stopped", alone(), "confirmed"),
        ("started, not stopped", alone(ended=False), "conditional"),
        ("started only with an API server", alone(started=False), "conditional"),
        ("started only without an API server", alone(later=False), "conditional"),
        ("never started", alone(started=False, later=False), "refuted"),
        ("ran on another node too", alone(elsewhere=("worker2",)), "refuted"),
    ],
    ids=ids,
)
def test_a_static_pod_without_an_api_server(case, seen, verdict):
    assert decide_static_creation(seen).verdict == verdict


def without(pod=True, deployment=True, ready=True, refusals=None, pods=0, pods_later=1):
    stored = {"Pod": pod, "Deployment": deployment}
    return WithoutControllerManager(stored, refusals or {}, ready, pods, pods_later)


@pytest.mark.parametrize(
    ("case", "seen", "verdict"),
    [
        ("stored and running", without(), "refuted"),
        ("nothing stored", without(pod=False, deployment=False, ready=False), "confirmed"),
        ("one kind stored", without(pod=False, ready=False), "conditional"),
        ("stored but not started", without(ready=False), "conditional"),
    ],
    ids=ids,
)
def test_a_pod_without_the_controller_manager(case, seen, verdict):
    assert decide_creation(seen).verdict == verdict


@pytest.mark.parametrize(
    ("case", "seen", "verdict"),
    [
        ("both exceptions", OwnPolicies(True, True, False), "conditional"),
        ("sidecars only", OwnPolicies(True, None, None), "conditional"),
        ("rules only", OwnPolicies(False, True, False), "conditional"),
        ("no exception", OwnPolicies(False, False, False), "confirmed"),
        ("no exception for sidecars, rules not tested", OwnPolicies(False, None, None), "confirmed"),
        ("restarted without a matching rule", OwnPolicies(True, True, True), "refuted"),
        ("neither field is accepted", OwnPolicies(None, None, None), "untested"),
    ],
    ids=ids,
)
def test_restart_policies_of_containers(case, seen, verdict):
    assert decide_own_policies(seen).verdict == verdict


@pytest.mark.parametrize(
    ("job", "deployment", "verdict", "condition"),
    [
        (True, True, "confirmed", ""),
        (True, False, "conditional", "except for Deployment with Never"),
        (False, False, "refuted", ""),
    ],
    ids=["all are refused", "one is accepted", "all are accepted"],
)
def test_restart_policies_of_templates(job, deployment, verdict, condition):
    decision = decide_template_policies({"Job with Always": job, "Deployment with Never": deployment})
    assert (decision.verdict, decision.condition) == (verdict, condition)


@pytest.mark.parametrize("stored", [True, False], ids=["kept", "dropped"])
def test_a_field_that_the_api_server_drops_counts_as_not_stored(tmp_path, stored):
    sidecar = {"name": "sidecar", **({"restartPolicy": "Always"} if stored else {})}
    pod = {"spec": {"initContainers": [sidecar], "containers": [{"name": "main"}]}}
    with serving(FakeApiServer({"GET /api/v1/namespaces/case/pods/sidecar-ends": pod}), tmp_path) as cluster:
        assert kept(Kube(cluster), "case", "sidecar-ends", "restartPolicy") == stored


def test_evidence_describes_what_was_observed():
    assert decide_management(mirror(after=())).evidence == (
        "Mirror pod static-worker was labelled and then deleted through the API server. Containers running on its "
        "node were c1 before and none after. The kubelet created the mirror pod again, without the label."
    )
    assert decide_static_creation(alone(started=False, later=False)).evidence == (
        "While the API server was stopped, the kubelet of worker did not run a pod whose manifest was added to its "
        "folder. With the API server running again it did not run a second pod. No other node ran the second pod."
    )
    assert decide_static_creation(alone(ended=False)).evidence == (
        "While the API server was stopped, the kubelet of worker ran a pod whose manifest was added to its folder, and "
        "did not stop it when the manifest was removed. With the API server running again it ran a second pod. No "
        "other node ran the second pod."
    )
    assert decide_static_creation(alone(elsewhere=("worker2",))).evidence.endswith("second pod also ran on worker2.")
    assert decide_creation(without(deployment=False)).condition == "for a Deployment: a Pod is stored without it"
    assert decide_own_policies(OwnPolicies(True, True, False)).condition == (
        "unless the container is a sidecar (always restarted) or has restartPolicyRules that name its exit code"
    )


def test_evidence_lists_the_api_servers_refusals():
    seen = without(pod=False, deployment=False, ready=False, refusals={"Pod": "403 Forbidden"}, pods_later=0)
    assert decide_creation(seen).evidence == (
        "While the kube-controller-manager was stopped, the API server stored: nothing. It refused: Pod: 403 Forbidden. "
        "The bare pod did not become Ready. The Deployment had 0 pods, and 0 after the controller-manager ran again."
    )


@pytest.mark.parametrize(("pods", "pods_later"), [(1, 1), (0, 0)], ids=["pods without it", "no pods with it either"])
def test_pods_count_for_the_controller_manager_only_if_they_appear_with_it(pods, pods_later):
    asks = "the controller-manager asks it to create a Deployment's pods."
    assert decide_creation(without()).evidence.endswith(asks)
    assert decide_creation(without(pods=pods, pods_later=pods_later)).evidence.endswith(
        "The API server stores objects."
    )


def test_refusals_returns_the_api_servers_answer_by_kind(tmp_path):
    pods, deployments = "POST /api/v1/namespaces/case/pods", "POST /apis/apps/v1/namespaces/case/deployments"
    api = FakeApiServer({pods: (403, {}), deployments: (201, {})})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    with serving(api, tmp_path) as cluster:
        assert refusals(Kube(cluster), "case", [pod, deployment]) == {"Pod": f"403 {pods}: Forbidden"}
    assert api.asked == [pods, deployments]
