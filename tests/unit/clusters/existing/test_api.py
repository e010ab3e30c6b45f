"""Tests of the calls to an existing cluster's API server, against a fake server."""

import pytest

from clusters.errors import ClusterNotReady, CommandFailed, UsageError
from clusters.existing.kubernetesapi import KubernetesApi
from tests.fakes.cluster.apiserver import STDOUT, FakeApiServer, exits, serving

NAMESPACES = "/api/v1/namespaces"
POD = {"metadata": {"name": "tools-1"}, "spec": {"containers": [{"name": "tools", "image": "reg/tools:1"}]}}


@pytest.fixture
def asking(tmp_path):
    """Return a function that makes one call to a fake server and returns the result and the server."""

    def ask(call, answers, program=None):
        server = FakeApiServer(answers, program)
        with serving(server, tmp_path) as cluster:
            return call(KubernetesApi(cluster.kubeconfig, cluster.context)), server

    return ask


def test_a_namespace_is_created_with_its_default_service_account(asking):
    answers = {f"POST {NAMESPACES}": {}, f"POST {NAMESPACES}/ours/serviceaccounts": (409, {"reason": "AlreadyExists"})}
    _, server = asking(lambda api: api.create_namespace("ours", {"a": "b"}, {"c": "d"}), answers)
    assert server.asked == list(answers)
    metadata = server.bodies[0]["metadata"]
    assert metadata == {"name": "ours", "labels": {"a": "b"}, "annotations": {"c": "d"}}


def test_deleting_an_absent_object_is_no_error(asking):
    asking(lambda api: (api.delete_namespace("ours"), api.delete_pod("tools-1", "ours")), {})


def test_creating_an_existing_pod_is_no_error(asking):
    asking(
        lambda api: api.create_pod("ours", POD), {f"POST {NAMESPACES}/ours/pods": (409, {"reason": "AlreadyExists"})}
    )


def test_the_error_about_a_pod_that_is_not_admitted_quotes_the_server(asking):
    message = 'pods "tools-1" is forbidden: violates PodSecurity "restricted:latest": host namespaces'
    answers = {f"POST {NAMESPACES}/ours/pods": (403, {"message": message})}
    with pytest.raises(UsageError, match="violates PodSecurity"):
        asking(lambda api: api.create_pod("ours", POD), answers)


def test_pods_and_namespaces_are_listed(asking):
    answers = {f"GET {NAMESPACES}/ours/pods": {"items": [POD]}, f"GET {NAMESPACES}": {"items": []}}
    (pods, namespaces), _ = asking(lambda api: (api.pods("ours"), api.namespaces("io.kubeproof.run")), answers)
    assert (pods, namespaces) == ((POD,), ())


def test_a_program_runs_in_the_pod_of_the_given_namespace(asking):
    def program(execution):
        execution.say(STDOUT, "tables")
        execution.end(exits(0))

    done, server = asking(lambda api: api.exec("tools-1", ("nft", "list"), 5, "ours"), {}, program)
    assert done.stdout == "tables"
    assert server.asked[0].startswith(f"GET {NAMESPACES}/ours/pods/tools-1/exec?command=nft&command=list")


def test_the_error_about_a_program_that_an_image_lacks_quotes_the_runtime(asking):
    def program(execution):
        execution.end({"status": "Failure", "message": 'exec: "conntrack": executable file not found in $PATH'})

    with pytest.raises(CommandFailed, match="executable file not found"):
        asking(lambda api: api.exec("kube-proxy-1", ("conntrack", "-S"), 5), {}, program)


def test_the_error_about_a_pod_whose_image_cannot_be_pulled_has_the_reason(asking):
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "reg/tools:1: not found"}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "tools", "state": waiting}]}
    pods = f"{NAMESPACES}/kube-system/pods"
    answers = {f"POST {pods}": {}, f"GET {pods}/tools-1": {**POD, "status": status}}
    with pytest.raises(ClusterNotReady, match=r"is Pending, .*image reg/tools:1: ErrImagePull: reg/tools:1: not found"):
        asking(lambda api: api.run_pod(POD, 0.3), answers)
