import pytest
from kubernetes.client.exceptions import ApiException

from clusters.errors import ClusterUnreachable
from harness.kube.client import ExecResult, Kube
from tests.fakes.cluster.apiserver import STDERR, STDOUT, FakeApiServer, exits, serving

PODS = "/api/v1/namespaces/a/pods"
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}


@pytest.fixture
def exec_in(tmp_path):
    """Return a function that runs an exec whose program in the container is a function of the test."""

    def run(program, **options):
        with serving(FakeApiServer({}, program), tmp_path) as cluster:
            return Kube(cluster).exec("a", "web-1", ("true",), **options)

    return run


def test_objects_are_created_at_the_path_of_their_kind(tmp_path):
    deployments, services = "POST /apis/apps/v1/namespaces/a/deployments", "POST /api/v1/namespaces/a/services"
    api = FakeApiServer({deployments: {}, services: {}})
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    with serving(api, tmp_path) as cluster:
        Kube(cluster).create("a", deployment, SERVICE)
    assert api.asked == [deployments, services]
    assert api.bodies == [deployment, SERVICE]


def test_a_refusal_names_the_request_and_the_reason(tmp_path):
    refusal = (422, {"message": "spec.ports: Required value"})
    with (
        serving(FakeApiServer({"POST /api/v1/namespaces/a/services": refusal}), tmp_path) as cluster,
        pytest.raises(ApiException, match="POST /api/v1/namespaces/a/services") as refused,
    ):
        Kube(cluster).create("a", SERVICE)
    assert refused.value.status == 422
    assert "Required value" in str(refused.value.body)


def test_deleting_an_absent_object_is_a_success(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        Kube(cluster).delete("a", SERVICE)


@pytest.mark.parametrize(
    "call",
    [
        lambda kube: kube.get(PODS),
        lambda kube: kube.core.list_namespaced_pod("a"),
        lambda kube: kube.exec("a", "web-1", ("true",)),
        lambda kube: kube.logs("a", "web-1"),
    ],
    ids=["get", "typed", "exec", "logs"],
)
def test_an_unreachable_api_server_is_an_environment_error(tmp_path, call):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        kube = Kube(cluster)
    with pytest.raises(ClusterUnreachable, match="kubeproof-fake does not answer"):
        call(kube)


def test_exec_returns_both_streams_and_the_exit_code(exec_in):
    def program(execution):
        execution.say(STDOUT, "one ")
        execution.say(STDERR, "oh")
        execution.say(STDOUT, "two")
        execution.end(exits(7))

    assert exec_in(program) == ExecResult("one two", "oh", 7)
    assert exec_in(lambda execution: execution.end(exits(0))) == ExecResult("", "", 0)


def test_exec_closes_the_standard_input_after_the_text(exec_in):
    def program(execution):
        execution.say(STDOUT, execution.read_stdin().upper())
        execution.end(exits(0))

    assert exec_in(program, stdin="once\nupon\n").stdout == "ONCE\nUPON\n"


def test_exec_of_a_program_that_does_not_end_in_time_returns_its_output_so_far(exec_in):
    def program(execution):
        execution.say(STDOUT, "working")
        execution.read_stdin()

    assert exec_in(program, timeout_s=0.2) == ExecResult("working", "", -1)


def test_exec_in_a_container_that_is_killed_has_no_exit_code(exec_in):
    killed = {"status": "Failure", "message": "container was killed"}
    assert exec_in(lambda execution: execution.end(killed)) == ExecResult("", "container was killed", -1)


def test_exec_of_a_missing_program_returns_the_error_message(exec_in):
    """The status of such an exec has a cause without a reason."""
    cause = {"message": "exec failed"}
    status = {"status": "Failure", "message": '"nosuch": not found', "details": {"causes": [cause]}, "code": 500}
    assert exec_in(lambda execution: execution.end(status)) == ExecResult("", '"nosuch": not found', -1)


def test_exec_that_ends_without_a_status_has_no_exit_code(exec_in):
    ended = exec_in(lambda execution: execution.hang_up())
    assert (ended.exit_code, ended.stderr) == (-1, "the connection ended without a status")


def test_exec_with_a_broken_connection_is_an_environment_error(exec_in):
    with pytest.raises(ClusterUnreachable):
        exec_in(lambda execution: execution.say(STDOUT, "and then"))


def test_exec_in_a_missing_pod_is_refused(tmp_path):
    missing = {"GET /api/v1/namespaces/a/pods/web-1/exec": (404, {"message": 'pods "web-1" not found'})}
    with (
        serving(FakeApiServer(missing), tmp_path) as cluster,
        pytest.raises(ApiException, match="not found") as refused,
    ):
        Kube(cluster).exec("a", "web-1", ("true",))
    assert refused.value.status == 404
