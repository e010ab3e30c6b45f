import threading
from urllib.parse import unquote

import pytest
from kubernetes.client.exceptions import ApiException

from clusters.errors import Refused, WorldError
from clusters.host.patience import VARIABLE, host_patience
from harness.dataplane.reader import ServiceAddress
from harness.errors import DeadlinePassed
from harness.kube.client import Kube
from harness.load.adjustable import HttpLoad, LoadTally, adjustable_load
from harness.load.plan import Block, LoadPlan, LoadResult, Target, TargetBlocks
from harness.performance.dummy_services.objects import remove, wait_everywhere
from harness.performance.sweep.positions import Position, choose_positions
from tests.fakes.cluster.apiserver import STDOUT, FakeApiServer, exits, serving
from tests.fakes.cluster.owned import fake_cluster


def plan(address):
    return LoadPlan((Target("a", address, 80),), rate_per_s=10, duration_s=1, seed=1)


@pytest.mark.parametrize("address", ["10.96.3.4", "10.244.1.2", "172.18.0.2"])
def test_targets_may_be_services_pods_and_nodes(address):
    plan(address).require_within(fake_cluster())


@pytest.mark.parametrize("address", ["192.0.2.1", "8.8.8.8", "172.18.0.99", "127.0.0.1"])
def test_other_targets_are_refused(address):
    with pytest.raises(Refused, match="is not an address of cluster kubeproof-fake"):
        plan(address).require_within(fake_cluster())


def result(**changes):
    kept_up = {"planned": 1000, "missed": 0, "late": 0, "cpu_share": 0.1, "lost": 0, "began_s": 0.0}
    return LoadResult(**kept_up | {"targets": {}, "baseline": TargetBlocks(())} | changes)


def test_a_generator_that_kept_up_has_no_flags():
    assert result().flags == ()


def test_a_generator_that_did_not_keep_up_is_flagged():
    assert result(missed=100).flags == ("saturated: 100 of 1000 planned requests never started",)
    assert "late" in result(late=11).flags[0]
    assert "generator used 80% of a core" in result(cpu_share=0.8).flags


def test_failed_requests_are_counted_by_error_message():
    reported = [Block(0, errors={"timed out": 2}), Block(0, errors={"timed out": 1}), Block(1, errors={"refused": 1})]
    blocks = TargetBlocks.of(reported)
    assert [block.number for block in blocks.blocks] == [0, 1]
    assert blocks.errors == {"timed out": 3, "refused": 1}


SERVICES, SLICES = "/api/v1/namespaces/a/services", "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices"


def named(*names):
    return {"items": [{"metadata": {"name": name}} for name in names]}


def test_dummy_services_are_deleted_one_by_one_and_a_missing_one_is_no_error(tmp_path):
    api = FakeApiServer(
        {f"GET {SERVICES}": named("f-1", "f-2"), f"GET {SLICES}": named("f-1"), f"DELETE {SERVICES}/f-1": {}}
    )
    with serving(api, tmp_path) as cluster:
        remove(Kube(cluster), "a")
    deleted = sorted(line for line in api.asked if line.startswith("DELETE"))
    assert deleted == [f"DELETE {SERVICES}/f-1", f"DELETE {SERVICES}/f-2", f"DELETE {SLICES}/f-1"]


def test_a_dummy_service_that_cannot_be_deleted_is_an_error(tmp_path):
    refusal = {f"GET {SERVICES}": named("f-1"), f"DELETE {SERVICES}/f-1": (403, {}), f"GET {SLICES}": named()}
    with serving(FakeApiServer(refusal), tmp_path) as cluster, pytest.raises(ApiException, match="403"):
        remove(Kube(cluster), "a")


def test_head_middle_and_end_are_chosen_by_the_number_of_rules_before_them():
    service_addresses = tuple(ServiceAddress(f"10.96.0.{number}", 80) for number in range(5))
    walked = dict(zip(service_addresses, (40, 10, 30, 20, 50), strict=True))
    chosen = choose_positions(service_addresses, walked)
    assert [(place.label, place.rules_walked) for place in chosen] == [("head", 10), ("middle", 30), ("end", 50)]


def test_positions_have_no_number_of_rules_where_service_addresses_are_looked_up():
    service_addresses = tuple(ServiceAddress(f"10.96.0.{number}", 80) for number in range(3))
    assert [place.rules_walked for place in choose_positions(service_addresses, {})] == [None] * 3


def test_the_error_of_a_step_that_never_converges_names_the_addresses_and_the_node():
    left = frozenset({ServiceAddress("10.96.0.2", 80)})
    with pytest.raises(
        DeadlinePassed, match=r"not in time after .* 1 service addresses wrong on node 2, such as 10\.96\.0\.2"
    ):
        wait_everywhere(lambda: iter([frozenset(), left]), deadline_s=-1)


@pytest.fixture
def slow_host(monkeypatch):
    """Set a patience of 100."""
    monkeypatch.setenv(VARIABLE, "100")
    host_patience.cache_clear()
    yield
    host_patience.cache_clear()


@pytest.mark.usefixtures("slow_host")
def test_patience_does_not_prolong_the_measured_time():
    left = frozenset({ServiceAddress("10.96.0.2", 80)})
    with pytest.raises(DeadlinePassed) as late:
        wait_everywhere(lambda: iter([left]), deadline_s=0.01)
    assert late.value.waited_s < 0.5


def test_nodes_are_read_up_to_the_first_that_has_not_converged():
    answers = iter([frozenset({ServiceAddress("10.96.0.2", 80)}), frozenset(), frozenset()])
    read = []

    def nodes():
        for node in ("a", "b"):
            read.append(node)
            yield next(answers)

    assert wait_everywhere(nodes, deadline_s=60) >= 0
    assert read == ["a", "a", "b"]


def test_a_rule_that_moved_during_a_measurement_is_flagged():
    place = Position("end", ServiceAddress("10.96.0.1", 80), 29)
    assert place.moved(29) == ()
    assert place.moved(14) == ("moved: 29 rules came before the target's rule at the start and 14 at the end",)
    assert Position("end", ServiceAddress("10.96.0.1", 80), None).moved(None) == ()


def test_other_targets_of_an_adjustable_load_are_refused(tmp_path):
    load = HttpLoad(Target("a", "8.8.8.8", 80), "/", most_users=1, limit_s=1)
    with (
        serving(FakeApiServer({}), tmp_path) as cluster,
        pytest.raises(Refused, match="is not an address of cluster"),
        adjustable_load(Kube(cluster), "a", "load", load),
    ):
        pass


class LoadPod:
    """A pod that runs the load until "stop" is written to its file, and records what was written."""

    def __init__(self, exit_code):
        self.written, self.exit_code, self._stop = [], exit_code, threading.Event()

    def __call__(self, run):
        program = [unquote(part) for part in run.argv]
        if program[0] == "cat":
            run.say(STDOUT, self.written[-1])
            run.end(exits(0))
            return
        if program[0] == "sh":
            self.written.append(program[2].split()[1])
            if self.written[-1] == "stop":
                self._stop.set()
            run.end(exits(0))
            return
        assert self._stop.wait(timeout=30)
        if not self.exit_code:
            run.say(STDOUT, '{"requests": 7, "failures": 2}')
        run.end(exits(self.exit_code))


def test_an_adjustable_load_ends_with_its_block_and_reports_its_requests(tmp_path):
    pod = LoadPod(0)
    load = HttpLoad(Target("a", "10.96.0.9", 80), "/", most_users=9, limit_s=30)
    with serving(FakeApiServer({}, pod), tmp_path) as cluster:
        with adjustable_load(Kube(cluster), "a", "load", load) as adjustable:
            adjustable.set_users(3)
        assert adjustable.tally == LoadTally(7, 2)
    assert pod.written == ["0", "3", "stop"]


def test_a_load_generator_that_fails_is_an_environment_error(tmp_path):
    load = HttpLoad(Target("a", "10.96.0.9", 80), "/", most_users=9, limit_s=30)
    with (
        serving(FakeApiServer({}, LoadPod(3)), tmp_path) as cluster,
        pytest.raises(WorldError, match="the load generator in a/load ended with exit code 3"),
        adjustable_load(Kube(cluster), "a", "load", load),
    ):
        pass
