"""The setting of a sweep with service addresses and a node. Tests add the other parts that they use."""

from clusters.cluster import Node, Role
from clusters.spec import Mode
from harness.dataplane.reader import ServiceAddress
from harness.performance.sweep.setting import SweepSetting

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
    service_addresses=tuple(ServiceAddress(f"10.96.0.{number}", 80) for number in (7, 8, 9)),
    same_node=ServiceAddress("10.96.0.10", 80),
)
