"""A sweep without a cluster: its setting and its steps. Tests add the other parts that they use."""

from dataclasses import replace

from clusters.cluster import Node, Role
from clusters.spec import Mode
from harness.dataplane.reader import RuleCount, ServiceAddress
from harness.performance.access import ClusterAccess
from harness.performance.sweep.setting import LoadOrigin, SweepSetting, SweepTargets
from harness.performance.sweep.step import Step, StepCost, StepLatencies

ACCESS = ClusterAccess(kube=None, etcd=None, dataplane=None, proxies=None, shell=None)
SETTING = SweepSetting(
    access=ACCESS,
    namespace="lab",
    origin=LoadOrigin(generator=None, node=Node("worker", Role.WORKER, "172.18.0.3"), mode=Mode.IPVS),
    targets=SweepTargets(
        service_addresses=tuple(ServiceAddress(f"10.96.0.{number}", 80) for number in (7, 8, 9)),
        same_node=ServiceAddress("10.96.0.10", 80),
        backend="target",
    ),
)


def setting_with(*, generator=None, **access):
    """Return the setting with this generator and these parts of the access to the cluster."""
    origin = replace(SETTING.origin, generator=generator)
    return replace(SETTING, origin=origin, access=replace(ACCESS, **access))


def step_of(services, *, measurements=(), **latencies):
    """Return a valid step with these latencies, whose kernel held no rules."""
    return Step(
        services=services,
        measurements=measurements,
        latencies=StepLatencies(**latencies),
        cost=StepCost(rules=RuleCount(0, {})),
    )


def with_latencies(step, **changed):
    """Return the step with some of its latencies changed."""
    return replace(step, latencies=replace(step.latencies, **changed))
