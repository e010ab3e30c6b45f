import pytest
from kubernetes.client.exceptions import ApiException

from harness.dataplane.reader import Backend, RuleCount, ServiceAddress, ServiceState
from harness.errors import DeadlinePassed
from harness.kube_proxy.usage import NOTHING_USED
from harness.load.plan import Block, LoadResult, TargetBlocks
from harness.performance.sweep.run import _bring_to, _steps, with_youngest
from harness.performance.sweep.setting import SweepPlan
from harness.statistics.histogram import encode
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.cluster.shell import TextShell
from tests.fakes.cluster.sweep import SETTING, setting_with
from tests.fakes.progress import SilentProgress

BACKEND = Backend("10.244.1.5", 8080)


class FakeKube:
    """Returns the address of a created Service."""

    def __init__(self):
        self.created = []

    def create(self, namespace, manifest):
        assert namespace == "lab"
        self.created.append(manifest)

    def get(self, path):
        assert path == "/api/v1/namespaces/lab/services/youngest-3"
        return {"spec": {"clusterIP": "10.96.9.9"}}


class FakeDataPlane:
    """A kernel that holds the backend of the youngest Service from the third sample on."""

    def __init__(self):
        self.samples = 0

    def service(self, node, service_address):
        if service_address in SETTING.targets.service_addresses:
            return ServiceState(True, frozenset({BACKEND}))
        self.samples += 1
        return ServiceState(True, frozenset({BACKEND} if self.samples == 3 else ()))


class DummyServices:
    def __init__(self, failure):
        self.failure = failure

    def bring_to(self, services, *, at_once):
        raise self.failure


def test_a_number_of_services_that_is_not_reached_is_a_reason_and_not_an_error():
    late = DeadlinePassed("dummy Services", "9 addresses are wrong", 60)
    here, _, invalid_reason = _bring_to(SETTING, DummyServices(late), 0, 10)
    timeout = "dummy Services: not in time after 60.0 s; last seen: 9 addresses are wrong"
    assert (here, invalid_reason) == (SETTING, f"the kernels were not programmed in time: {timeout}")
    full = ApiException(status=422, reason="no address left")
    assert "refused Services: 422 no address left" in _bring_to(SETTING, DummyServices(full), 0, 10)[2]


def test_the_youngest_service_has_the_same_backends_as_all_others():
    kube, dataplane = FakeKube(), FakeDataPlane()
    here = with_youngest(setting_with(kube=kube, dataplane=dataplane), 3)
    (made,) = kube.created
    assert (made["metadata"]["name"], made["spec"]["selector"]) == ("youngest-3", {"app": "target"})
    assert here.targets.service_addresses == (*SETTING.targets.service_addresses[:-1], ServiceAddress("10.96.9.9", 80))
    assert dataplane.samples == 3


def test_the_youngest_service_may_take_as_long_as_the_dummy_services():
    clock, dataplane = JumpingClock(), FakeDataPlane()

    class Slow(FakeDataPlane):
        def service(self, node, service_address):
            clock.sleep(100.0)
            return dataplane.service(node, service_address)

    with_youngest(setting_with(kube=FakeKube(), dataplane=Slow()), 3, clock)
    assert dataplane.samples == 3


def test_a_kernel_that_never_holds_the_youngest_service_invalidates_the_step():
    class Late(FakeDataPlane):
        def service(self, node, service_address):
            raise DeadlinePassed("a service address in the kernel", "no backend", 60.0)

    class Ready:
        def bring_to(self, services, *, at_once):
            return 1.0

    class Any(FakeKube):
        def get(self, path):
            return {"spec": {"clusterIP": "10.96.9.9"}}

    setting = setting_with(kube=Any(), dataplane=Late())
    _, _, invalid_reason = _bring_to(setting, Ready(), 0, 10)
    assert "the kernels were not programmed in time: a service address in the kernel" in invalid_reason


def test_a_refused_youngest_service_invalidates_the_step():
    class Full(FakeKube):
        def create(self, namespace, manifest):
            raise ApiException(status=422, reason="no address left")

    class Ready:
        def bring_to(self, services, *, at_once):
            return 1.0

    setting = setting_with(kube=Full())
    assert _bring_to(setting, Ready(), 0, 10)[::2] == (setting, "the API server refused Services: 422 no address left")


class AtOnce:
    """Dummy Services of which ten are created in half a second, and kube-proxies that use no resources for them."""

    created_s = None

    def bring_to(self, services, *, at_once):
        self.created_s = services / 20 or None
        return 1.0

    def usage(self, node):
        return NOTHING_USED


class DriftingGenerator:
    """A generator whose latency rises by 2 us with every second of a load; it records the durations of loads."""

    def __init__(self):
        self.durations_s = []

    def run(self, plan):
        self.durations_s.append(plan.duration_s)
        kernel = [encode([140 + 2 * number] * 9) for number in range(int(plan.duration_s))]
        blocks = TargetBlocks(tuple(Block(number, kernel=histogram) for number, histogram in enumerate(kernel)))
        return LoadResult(90, 0, 0, 0.1, 0, 0.0, {target.label: blocks for target in plan.targets}, blocks)


class AnyService(FakeKube):
    """A cluster that returns an address for every Service."""

    cluster = fake_cluster()

    def get(self, path):
        return {"spec": {"clusterIP": "10.96.9.9"}}


class Lookups(FakeDataPlane):
    """A kernel that finds service addresses by look-up and holds each at once."""

    def rules_walked(self, node):
        return {}

    def rule_count(self, node):
        return RuleCount(29, {})

    def service(self, node, service_address):
        return ServiceState(True, frozenset({BACKEND}))


def setting_of(generator):
    """Return the setting of a sweep with this generator in a cluster in which nothing takes time."""
    shell = TextShell({"conntrack -C": "5", "conntrack -S": "cpu=0 drop=0 early_drop=0"})
    return setting_with(generator=generator, kube=AnyService(), dataplane=Lookups(), proxies=AtOnce(), shell=shell)


def test_each_step_has_what_programming_its_services_took():
    steps = list(_steps(setting_of(DriftingGenerator()), SweepPlan((0, 10, 0), 150, 60, 1), AtOnce(), SilentProgress()))
    assert [step.duration_s for step in steps] == [60, 60, 60]
    assert [step.cost.programmed_s for step in steps] == [1.0, 1.0, 1.0]
    assert [step.cost.proxy.services for step in steps] == [0, 10, 0]
    assert [step.cost.proxy.programmed_s for step in steps] == [1.0, 1.0, 1.0]
    assert [step.cost.proxy.created_s for step in steps] == [None, 0.5, None]


def test_the_step_with_the_most_services_can_last_longer():
    setting = setting_of(DriftingGenerator())
    plan = SweepPlan((0, 10, 0), 150, 20, seed=1, longest_s=60)
    steps = list(_steps(setting, plan, AtOnce(), SilentProgress()))
    assert [step.duration_s for step in steps] == [20, 60, 20]


class Filling:
    """A shell that reports a full connection tracking table on one node after a number of samples."""

    def __init__(self, node, samples):
        self.node, self.left = node, samples

    def run(self, node, *argv, timeout_s=60.0):
        if argv == ("conntrack", "-S"):
            self.left -= node == self.node
            full = node == self.node and self.left < 0
            return f"cpu=0 drop={7 * full} early_drop=0\ncpu=1 drop=0 early_drop={300 * full}\n"
        return {"conntrack -C": "5", "cat /proc/sys/net/netfilter/nf_conntrack_max": "400"}[" ".join(argv)]


@pytest.mark.parametrize("node", AnyService.cluster.nodes, ids=str)
def test_a_full_connection_tracking_table_invalidates_its_step(node):
    shell = Filling(node, samples=3)
    setting = setting_with(
        generator=DriftingGenerator(), kube=AnyService(), dataplane=Lookups(), proxies=AtOnce(), shell=shell
    )
    reasons = [
        step.invalid_reason
        for step in _steps(setting, SweepPlan((0, 10, 0), 150, 60, seed=1), AtOnce(), SilentProgress())
    ]
    full = f"connection tracking of {node.name} was full, with 400 entries: 300 were evicted early"
    assert reasons == ["", f"{full} and 7 packets were dropped", ""]
