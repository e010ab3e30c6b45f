"""A sweep without a cluster: its setting and its steps. Tests add the other parts that they use."""

from dataclasses import replace

from clusters.cluster import Node, Role
from clusters.spec import Mode
from harness.dataplane.reader import RuleCount, ServiceAddress
from harness.performance.access import ClusterAccess
from harness.performance.conclusions.swept import swept_steps
from harness.performance.sweep.setting import LoadOrigin, SweepSetting, SweepTargets
from harness.performance.sweep.step import Step, StepCost
from reports.model import Conditions, Measurement, MeasurementName

ACCESS = ClusterAccess(kube=None, etcd=None, dataplane=None, proxies=None, shell=None)
SETTING = SweepSetting(
    access=ACCESS,
    namespace="lab",
    origin=LoadOrigin(generator=None, node=Node("worker", Role.WORKER, "172.18.0.3"), mode=Mode.IPVS),
    targets=SweepTargets(
        service_addresses=tuple(ServiceAddress(f"10.96.0.{number}", 80) for number in (7, 8, 9)),
        same_node=ServiceAddress("10.96.0.10", 80),
        backend="target",
        backend_node=Node("worker2", Role.WORKER, "172.18.0.4"),
        control=ServiceAddress("10.244.2.5", 8082),
    ),
)


def setting_with(*, generator=None, **access):
    """Return the setting with this generator and these parts of the access to the cluster."""
    origin = replace(SETTING.origin, generator=generator)
    return replace(SETTING, origin=origin, access=replace(ACCESS, **access))


def step_of(services, *, measurements=()):
    """Return a valid step with these measurements, whose kernel held no rules."""
    return Step(services=services, measurements=tuple(measurements), cost=StepCost(rules=RuleCount(0, {})))


def median_of_step(services, us, *, half_us=1.0, number=0, name=MeasurementName.FIRST_PACKET, **conditions):
    """Return the measurement of a median with an interval of +-`half_us`, by the kernel's clock, in step `number`."""
    return Measurement(
        name=name,
        unit="us",
        conditions=Conditions(services=services, step=number, clock="kernel", **conditions),
        n=1000,
        errors=0,
        quantiles={"p50": us},
        ci95={"p50": (us - half_us, us + half_us)},
    )


def swept(services, end_us, *, control_us=None, half_us=1.0):
    """Return the steps of a sweep: for each number of Services, the last Service's first packet and the control's."""
    measurements = []
    for number, (of_step, us) in enumerate(zip(services, end_us, strict=True)):
        measurements.append(median_of_step(of_step, us, half_us=half_us, number=number, position="end"))
        if control_us is not None:
            name = MeasurementName.FIRST_PACKET_UNTRACKED
            control = median_of_step(of_step, control_us[number], half_us=half_us, number=number, name=name)
            measurements.append(control)
    return swept_steps(measurements)
