from dataclasses import replace

import pytest
from kubernetes.client.exceptions import ApiException

from harness.dataplane.proxy_usage import NOTHING_USED
from harness.dataplane.reader import Backend, RuleCount, ServiceAddress, ServiceState
from harness.errors import DeadlinePassed
from harness.load.plan import Block, LoadResult, TargetBlocks
from harness.performance.sweep.run import _bring_to, _steps, with_youngest
from harness.performance.sweep.setting import SweepPlan
from harness.statistics.histogram import encode
from tests.fakes.owned import fake_cluster
from tests.fakes.progress import SilentProgress
from tests.fakes.shell import TextShell
from tests.fakes.sweep import SETTING

BACKEND = Backend("10.244.1.5", 8080)


class FakeKube:
    """Gives a Service its address."""

    def __init__(self):
        self.created = []

    def create(self, namespace, manifest):
        assert namespace == "lab"
        self.created.append(manifest)

    def get(self, path):
        assert path == "/api/v1/namespaces/lab/services/youngest-3"
        return {"spec": {"clusterIP": "10.96.9.9"}}


class FakeDataPlane:
    """A kernel in which the young front has its backend at the third look."""

    def __init__(self):
        self.samples = 0

    def service(self, node, service_address):
        if service_address in SETTING.service_addresses:
            return ServiceState(True, frozenset({BACKEND}))
        self.samples += 1
        return ServiceState(True, frozenset({BACKEND} if self.samples == 3 else ()))


class DummyServices:
    def __init__(self, failure):
        self.failure = failure

    def bring_to(self, services, *, at_once):
        raise self.failure


def test_a_step_that_does_not_come_about_is_told_and_the_sweep_goes_on():
    late = DeadlinePassed("fillers held", "9 fronts are wrong", 60)
    here, _, invalid_reason = _bring_to(SETTING, DummyServices(late), 0, 10)
    told = "fillers held: not in time after 60.0 s; last seen: 9 fronts are wrong"
    assert (here, invalid_reason) == (SETTING, f"the kernels have not followed: {told}")
    full = ApiException(status=422, reason="no address left")
    assert "refused Services: 422 no address left" in _bring_to(SETTING, DummyServices(full), 0, 10)[2]


def test_the_last_front_is_made_after_the_fillers_for_the_backends_of_all_others():
    kube, dataplane = FakeKube(), FakeDataPlane()
    here = with_youngest(replace(SETTING, kube=kube, dataplane=dataplane), 3)
    (made,) = kube.created
    assert (made["metadata"]["name"], made["spec"]["selector"]) == ("youngest-3", {"app": "target"})
    assert here.service_addresses == (*SETTING.service_addresses[:-1], ServiceAddress("10.96.9.9", 80))
    assert dataplane.samples == 3


def test_a_kernel_that_never_takes_the_youngest_front_in_flaws_the_step():
    class Late(FakeDataPlane):
        def service(self, node, service_address):
            raise DeadlinePassed("a front in the kernel", "no backend", 60.0)

    class Ready:
        def bring_to(self, services, *, at_once):
            return 1.0

    class Any(FakeKube):
        def get(self, path):
            return {"spec": {"clusterIP": "10.96.9.9"}}

    setting = replace(SETTING, kube=Any(), dataplane=Late())
    assert "the kernels have not followed: a front in the kernel" in _bring_to(setting, Ready(), 0, 10)[2]


def test_a_youngest_front_that_is_refused_flaws_the_step():
    class Full(FakeKube):
        def create(self, namespace, manifest):
            raise ApiException(status=422, reason="no address left")

    class Ready:
        def bring_to(self, services, *, at_once):
            return 1.0

    setting = replace(SETTING, kube=Full())
    assert _bring_to(setting, Ready(), 0, 10)[::2] == (setting, "the API server refused Services: 422 no address left")


class AtOnce:
    """Fillers that are there as soon as they are asked for, and kube-proxies that need nothing for it."""

    def bring_to(self, services, *, at_once):
        return 1.0

    def usage(self, node):
        return NOTHING_USED


class Restless:
    """A generator that is 2 us slower with every second of a load, and how long it was asked to measure."""

    def __init__(self):
        self.asked_s = []

    def run(self, plan):
        self.asked_s.append(plan.duration_s)
        kernel = [encode([140 + 2 * number] * 9) for number in range(int(plan.duration_s))]
        blocks = TargetBlocks(tuple(Block(number, kernel=told) for number, told in enumerate(kernel)))
        return LoadResult(90, 0, 0, 0.1, 0, 0.0, {target.label: blocks for target in plan.targets}, blocks)


class Quiet(FakeKube):
    """A cluster that gives every Service an address."""

    cluster = fake_cluster()

    def get(self, path):
        return {"spec": {"clusterIP": "10.96.9.9"}}


class Lookups(FakeDataPlane):
    """A kernel that finds fronts by look-up, and has each at once."""

    def rules_walked(self, node):
        return {}

    def rule_count(self, node):
        return RuleCount(29, {})

    def service(self, node, service_address):
        return ServiceState(True, frozenset({BACKEND}))


def test_restless_steps_go_on_each_for_its_part_of_the_spare_time_and_its_own_time_once_more():
    generator = Restless()
    shell = TextShell({"conntrack -C": "5", "conntrack -S": "cpu=0 drop=0 early_drop=0"})
    setting = replace(SETTING, kube=Quiet(), dataplane=Lookups(), proxies=AtOnce(), shell=shell, generator=generator)
    plan = SweepPlan((0, 10, 0), 150, 60, seed=1, spare_s=70)
    steps = list(_steps(setting, plan, AtOnce(), SilentProgress()))
    assert [step.duration_s for step in steps] == [60, 90, 90]
    assert generator.asked_s == [60, 60, 30, 60, 30]
    ample = list(_steps(setting, replace(plan, spare_s=600), AtOnce(), SilentProgress()))
    assert [step.duration_s for step in ample] == [120, 120, 120]


class Filling:
    """A shell where one node's table of connections has overflown after so many looks."""

    def __init__(self, node, samples):
        self.node, self.left = node, samples

    def run(self, node, *argv, timeout_s=60.0):
        if argv == ("conntrack", "-S"):
            self.left -= node == self.node
            full = node == self.node and self.left < 0
            return f"cpu=0 drop={7 * full} early_drop=0\ncpu=1 drop=0 early_drop={300 * full}\n"
        return {"conntrack -C": "5", "cat /proc/sys/net/netfilter/nf_conntrack_max": "400"}[" ".join(argv)]


@pytest.mark.parametrize("node", Quiet.cluster.nodes, ids=str)
def test_a_full_table_of_connections_flaws_the_step_in_which_it_was(node):
    setting = replace(SETTING, kube=Quiet(), dataplane=Lookups(), proxies=AtOnce(), shell=Filling(node, samples=3))
    setting = replace(setting, generator=Restless())
    flaws = [
        step.invalid_reason
        for step in _steps(setting, SweepPlan((0, 10, 0), 150, 60, seed=1), AtOnce(), SilentProgress())
    ]
    told = f"connection tracking of {node.name} was full, with 400 entries: 300 had to go before their time"
    assert flaws == ["", f"{told} and 7 packets were dropped", ""]
