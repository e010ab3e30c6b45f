from dataclasses import replace
from types import SimpleNamespace

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Node, Role
from clusters.spec import Mode
from harness.dataplane.reader import Backend, RuleCount, ServicePort, ServiceState
from harness.errors import DeadlinePassed
from harness.load.control import Control
from harness.load.plan import Block, LoadResult, Target, TargetBlocks
from harness.load.step import Step, rule_cost_finding, sound
from harness.load.sweep import SweepPlan, SweepSetting, _bring_to, measure, with_youngest
from harness.measure.contrast import Range
from harness.measure.histogram import encode
from harness.measure.rulecost import Walk
from tests.fakes.owned import fake_cluster
from tests.unit.reports.sample import measured

BACKEND = Backend("10.244.1.5", 8080)
SETTING = SweepSetting(
    kube=None,
    etcd=None,
    mode=Mode.IPVS,
    dataplane=None,
    proxies=None,
    shell=None,
    namespace="lab",
    generator=None,
    load_node=Node("worker", Role.WORKER, "172.18.0.3"),
    backend="target",
    fronts=tuple(ServicePort(f"10.96.0.{number}", 80) for number in (7, 8, 9)),
    near=ServicePort("10.96.0.10", 80),
    control=None,
)
GOOD = Step(1000, (measured(1000),), {}, RuleCount(0, {}), 1.0)


def test_a_flawed_step_keeps_its_numbers_and_is_in_no_conclusion():
    bad = GOOD.flawed("1 of the generator's workers were lost")
    (found,) = bad.measurements
    assert found.flags == ("in no conclusion: 1 of the generator's workers were lost",)
    assert found.quantiles == measured(1000).quantiles
    assert sound([GOOD, bad]) == [GOOD]
    assert GOOD.flawed("") is GOOD


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
        self.looks = 0

    def rules_walked(self, node):
        return {}

    def rule_count(self, node):
        return RuleCount(29, {})

    def service(self, node, front):
        if front in SETTING.fronts:
            return ServiceState(True, frozenset({BACKEND}))
        self.looks += 1
        return ServiceState(True, frozenset({BACKEND} if self.looks == 3 else ()))


class Fillers:
    def __init__(self, failure):
        self.failure = failure

    def bring_to(self, services, *, at_once):
        raise self.failure


def test_a_step_that_does_not_come_about_is_told_and_the_sweep_goes_on():
    late = TimeoutError("9 fronts are wrong")
    here, _, flaw = _bring_to(SETTING, Fillers(late), 0, 10)
    assert (here, flaw) == (SETTING, "the kernels have not followed: 9 fronts are wrong")
    full = ApiException(status=422, reason="no address left")
    assert "refused Services: 422 no address left" in _bring_to(SETTING, Fillers(full), 0, 10)[2]


def test_the_last_front_is_made_after_the_fillers_for_the_backends_of_all_others():
    kube, dataplane = FakeKube(), FakeDataPlane()
    here = with_youngest(replace(SETTING, kube=kube, dataplane=dataplane), 3)
    (made,) = kube.created
    assert (made["metadata"]["name"], made["spec"]["selector"]) == ("youngest-3", {"app": "target"})
    assert here.fronts == (*SETTING.fronts[:-1], ServicePort("10.96.9.9", 80))
    assert dataplane.looks == 3


class FakeGenerator:
    """Tells of each target what is known of it, in two blocks."""

    def __init__(self, **known_us):
        self.known_us = known_us

    def run(self, plan):
        told = {
            target.label: TargetBlocks(tuple(Block(number, kernel=encode([self.us(target)] * 9)) for number in (0, 1)))
            for target in plan.targets
        }
        return LoadResult(90, 0, 0, 0.1, 0, 0.0, told, TargetBlocks(()))

    def us(self, target):
        return self.known_us[target.label.replace(" ", "_")]


def test_what_stands_side_by_side_in_a_step_is_told_by_how_much_it_differs():
    generator = FakeGenerator(
        head=100, middle=120, end=140, head_again=103, middle_again=123, end_again=143, same_node=90
    )
    kube = SimpleNamespace(cluster=fake_cluster())
    setting = replace(SETTING, kube=kube, dataplane=FakeDataPlane(), generator=generator)
    step = measure(setting, SweepPlan((0,), 150, 2, seed=1, twins=True), 0, 0, 1.0)
    assert step.last_above_first == Range(40, 40, 40)
    assert step.twins == (Range(-3, -3, -3),) * 3
    assert step.block_p50_us["end"] == (140, 140)


def test_the_control_of_a_step_is_told_beside_it():
    ours = FakeGenerator(head=100, middle=120, end=140, same_node=90)
    aside = Control(
        Node("spare", Role.WORKER, "172.18.0.4"), FakeGenerator(control=80), Target("control", "10.96.0.11", 80)
    )
    kube = SimpleNamespace(cluster=fake_cluster())
    setting = replace(SETTING, kube=kube, dataplane=FakeDataPlane(), generator=ours, control=aside)
    step = measure(setting, SweepPlan((0, 10), 150, 2, seed=1), 1, 10, 1.0)
    (told,) = (found for found in step.measurements if found.name == "first_packet_control")
    assert (told.quantiles["p50"], told.conditions["services"]) == (80, 10)
    assert step.above_control_us["same node"] == (10, 10)


def test_a_kernel_that_never_takes_the_youngest_front_in_flaws_the_step():
    class Late(FakeDataPlane):
        def service(self, node, front):
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


def test_what_a_rule_costs_is_told_of_steps_in_which_many_are_walked():
    few = replace(GOOD, walks=(Walk(90, 2.0),), chain_walks=(Walk(90, 3.0),))
    many = replace(GOOD, walks=(Walk(500, 9.0), Walk(1000, 17.0), Walk(1000, 19.0)), chain_walks=(Walk(1000, 16.0),))
    told = rule_cost_finding([few, many], "iptables")
    assert told.numbers == {
        "services at step 0": 1000,
        "rules_walked at step 0": 1000,
        "rule_ns at step 0": 18.0,
        "calibrated_rule_ns at step 0": 16.0,
    }
