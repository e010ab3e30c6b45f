"""The outcome of a case: a failure of Kubernetes or of the environment; and the order of cases."""

import os
import re
from xml.etree import ElementTree

import pytest

CASES = """
import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import ProtocolError
from clusters.errors import ClusterUnreachable
from harness.errors import DeadlinePassed

@pytest.fixture
def broken():
    raise RuntimeError("boom")

@pytest.fixture
def late_pods():
    raise DeadlinePassed("pods ready", "0 of 2", 60)

@pytest.fixture
def lasting_namespace():
    yield
    raise DeadlinePassed("namespace gone", "1 pod left", 60)

def test_passes(cluster): pass
def test_kubernetes_fails(cluster): assert 1 == 2, "two backends"
def test_environment_fails(cluster): raise ClusterUnreachable("no answer")
def test_wait_fails(cluster): raise DeadlinePassed("endpoint ready", "none", 60)
def test_calls_pytest_fail(cluster): pytest.fail("two backends")
def test_expects_a_refusal(cluster):
    with pytest.raises(ApiException): pass
def test_api_server_refuses(cluster): raise ApiException(status=422, reason="POST /pods: Unprocessable Entity")
def test_api_server_is_overloaded(cluster): raise ApiException(status=429, reason="Too Many Requests")
def test_api_server_has_no_roles_yet(cluster): raise ApiException(status=403, reason="Forbidden")
def test_api_server_has_an_error(cluster): raise ApiException(status=500, reason="etcdserver: request timed out")
def test_has_a_bug(cluster): {}["status"]
def test_connection_breaks(cluster): raise ProtocolError("Connection aborted.")
def test_fixture_fails(cluster, broken): pass
def test_set_up_is_late(cluster, late_pods): pass
def test_tear_down_is_late(cluster, lasting_namespace): pass
def test_is_skipped(cluster): pytest.skip("one node only")
"""
DEMANDING = """
import pytest

@pytest.mark.claim("1.1")
@pytest.mark.workers(3)
def test_needs_three(cluster): assert False
def test_needs_one(cluster): pass
"""
FLAKY = """
import pytest

def test_flaky(cluster, request): assert request.node.name[-4] in "12"

@pytest.mark.claim("1.1")
def test_steady(cluster, claim): claim.confirmed("1.1", "seen")
"""
DELAYED = """
from harness.traffic.requests import Reply

def test_is_late_once(cluster, delay_tally):
    delay_tally.add([Reply(True, "", "", 1_100_000, 0.0, connect_us=1_040_000, syn_retransmits=1)])
def test_is_never_late(cluster, delay_tally): pass
"""
UGLY = r"""
import pytest

@pytest.mark.parametrize("name", ["\x1b[31m\x00", pytest.param("x", id="]]>\x07\u202e"), "n" * 9999])
def test_named(cluster, name): pass
def test_fails(cluster): pytest.fail("a\x00b\ud800\u202e", pytrace=False)
"""
SKIPPED = """
import pytest

def test_one(cluster): pytest.skip("no ip_vs in the kernel")
@pytest.fixture
def unsupported(cluster): pytest.skip("no ip_vs in the kernel")
def test_two(unsupported): pass
@pytest.mark.workers(9)
def test_three(cluster): pass
"""
NO_METRICS = """
import pytest

class Api:
    def find(self, path): return None

@pytest.fixture(scope="session")
def kube(): return Api()

def test_scales(metrics): pass
"""

ORDERED = """
import pytest

@pytest.mark.blocking
def test_blocking(cluster): pass
@pytest.mark.exclusive
def test_exclusive(cluster): pass
def test_ordinary(cluster): pass
@pytest.mark.exclusive
@pytest.mark.performance
def test_measures(cluster): pass
@pytest.mark.exclusive
@pytest.mark.long
def test_long_and_exclusive(cluster): pass
@pytest.mark.long
def test_long(cluster): pass
def test_late(cluster): pass
@pytest.fixture
def registry(): pass
@pytest.mark.long
def test_with_an_image_that_may_have_to_be_built(cluster, registry): pass
"""

BUILDING = """
import subprocess
import sys

import pytest
from clusters.choose import state_directory
from clusters.kind.background import MODULE

building = []

def test_starts_a_background_build(cluster):
    program = [sys.executable, "-S", "-c", "import time; time.sleep({seconds})"]
    argv = [*program, "-m", MODULE, cluster.name, str(state_directory())]
    building.append(subprocess.Popen(argv, start_new_session=True))
@pytest.fixture
def registry(): pass
@pytest.mark.exclusive
def test_measures(cluster):
    assert building[0].poll() == {code}
"""
AN_EXCLUSIVE_CASE_NEEDS_AN_IMAGE = """
@pytest.mark.exclusive
def test_with_an_image(cluster, registry): pass
"""


def test_only_failed_expectations_and_refused_requests_fail_a_case(run):
    assert run.run(CASES) == 1, run.output
    assert run.outcomes() == {
        "test_passes": "passed",
        "test_kubernetes_fails": "failed",
        "test_environment_fails": "environment error",
        "test_wait_fails": "failed",
        "test_calls_pytest_fail": "failed",
        "test_expects_a_refusal": "failed",
        "test_api_server_refuses": "failed",
        "test_api_server_is_overloaded": "environment error",
        "test_api_server_has_no_roles_yet": "environment error",
        "test_api_server_has_an_error": "environment error",
        "test_has_a_bug": "environment error",
        "test_connection_breaks": "environment error",
        "test_fixture_fails": "environment error",
        "test_set_up_is_late": "environment error",
        "test_tear_down_is_late": "environment error",
        "test_is_skipped": "skipped",
    }
    reasons = {case["id"].rpartition("::")[2]: case["reason"] for case in run.results["cases"]}
    assert reasons["test_is_skipped"] == "one node only"
    assert reasons["test_fixture_fails"] == "in setup: RuntimeError: boom"
    assert reasons["test_has_a_bug"] == "KeyError: 'status'"
    assert reasons["test_set_up_is_late"].startswith("in setup: pods ready: not in time")


def test_reports_are_written_whatever_the_name_and_reason_of_a_case(run):
    assert run.run(UGLY) == 1, run.output
    written = run.directory / "runs" / "latest"
    assert r"a\x00b\ud800\u202e" in (written / "report.html").read_text()
    messages = [failure.get("message") for failure in ElementTree.parse(written / "junit.xml").iter("failure")]
    assert messages == [r"Failed: a\x00b\ud800\u202e"]
    assert run.results["run"]["finished"]


def test_a_case_is_skipped_if_the_cluster_has_too_few_worker_nodes(run):
    assert run.run(DEMANDING) == 0, run.output
    assert run.outcomes() == {"test_needs_three": "skipped", "test_needs_one": "passed"}
    (skipped,) = [case for case in run.results["cases"] if case["outcome"] == "skipped"]
    assert skipped["reason"] == "it needs at least 3 worker nodes; cluster kubeproof-fake has 1"
    assert "test_needs_three skipped: it needs at least 3 worker nodes" in run.results["claims"][0]["condition"]


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=" ".join)
def test_a_run_in_which_every_case_was_skipped_ends_with_exit_code_3(run, options):
    assert run.run(SKIPPED, *options) == 3, run.output
    assert set(run.outcomes().values()) == {"skipped"}
    message = "Nothing was tested: all 3 cases were skipped (most frequent reason, 2 times): no ip_vs in the kernel."
    assert run.output.count(message) == 1
    assert message in (run.directory / "runs" / "latest" / "report.html").read_text()


def test_the_exit_code_counts_failed_and_passed_cases_next_to_skipped_ones(run):
    assert run.run(SKIPPED + "\ndef test_fails(cluster): assert False") == 1, run.output
    assert run.run(SKIPPED + "\ndef test_passes(cluster): pass") == 0, run.output


def test_a_run_without_selected_cases_has_pytests_own_exit_code(run):
    assert run.run(SKIPPED, "-k", "nothing_of_that_name") == 5, run.output
    assert run.owner == ["open", "close"]


def test_skipped_tests_without_a_cluster_have_pytests_own_exit_code(pytester):
    pytester.makepyfile("import pytest\ndef test_one(): pytest.skip('not here')")
    assert pytester.runpytest_subprocess("-p", "no:locust").ret == 0


def test_repeated_cases_report_their_flake_rate(run):
    assert run.run(FLAKY, "--count=4", "-n2") == 1, run.output
    (finding,) = run.results["findings"]
    assert finding["kind"] == "flakes"
    assert (finding["cases"], finding["rate"]["failures"], finding["rate"]["repetitions"]) == (2, 2, 8)
    (claim,) = run.results["claims"]
    assert (claim["evidence"], claim["cases"]) == ("seen", ["test_suite.py::test_steady"])


def test_a_case_without_a_cluster_names_the_missing_options(pytester):
    pytester.makepyfile("def test_one(cluster): pass")
    result = pytester.runpytest_subprocess("-p", "no:locust")
    result.stdout.fnmatch_lines(["*this case needs a cluster (give --proxy-mode, or --kubeconfig and --context)*"])


def test_delayed_connections_of_a_passed_case_are_reported(run):
    assert run.run(DELAYED) == 0, run.output
    (finding,) = run.results["findings"]
    assert finding["kind"] == "delayed connections"
    assert finding["case"] == "test_suite.py::test_is_late_once"
    assert (finding["connections"], finding["delayed"]) == (1, 1)


def test_a_case_that_needs_metrics_is_skipped_without_metrics_server(run):
    assert run.run(NO_METRICS) == 3, run.output
    (case,) = run.results["cases"]
    assert case["outcome"] == "skipped"
    assert case["reason"] == "the cluster has no APIService v1beta1.metrics.k8s.io: no metrics-server is installed"


def test_long_cases_run_first_and_exclusive_cases_last(run):
    assert run.run(ORDERED, "-v") == 0, run.output
    order = re.findall(r"::(\w+) PASSED", run.output)
    assert order[:4] == ["test_long", "test_ordinary", "test_blocking", "test_late"]
    assert order[4] == "test_with_an_image_that_may_have_to_be_built"
    assert order[5:] == ["test_measures", "test_long_and_exclusive", "test_exclusive"]


def test_a_build_in_the_background_that_no_case_needs_any_more_ends_before_a_measurement(run):
    assert run.run(BUILDING.format(seconds=600, code=-15)) == 0, run.output


def test_a_measurement_waits_for_a_build_in_the_background_that_an_exclusive_case_needs(run):
    cases = BUILDING.format(seconds=1, code=0) + AN_EXCLUSIVE_CASE_NEEDS_AN_IMAGE
    assert run.run(cases) == 0, run.output


def test_the_number_of_workers_follows_from_the_cores(run):
    assert run.run("def test_one(cluster): pass", "-n", "auto") == 0, run.output
    assert f"created: {2 * os.cpu_count()}/{2 * os.cpu_count()} workers" in run.output


def test_a_failure_is_shown_as_it_happens_with_its_reason(run):
    assert run.run("def test_one(cluster): assert 3 == 2, 'saw 3 pods'\ndef test_two(cluster): pass") == 1
    shown = run.output.index("FAILED test_suite.py::test_one: saw 3 pods")
    assert shown < run.output.index("FAILURES")
