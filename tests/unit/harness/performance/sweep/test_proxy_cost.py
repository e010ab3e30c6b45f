from dataclasses import replace

from clusters.cluster import Node, Role
from harness.dataplane.reader import RuleCount
from harness.kube_proxy.usage import Syncs, Usage
from harness.performance.sweep.proxy_cost import cost_of, finding
from reports.model.findings import StepUsage

NODE = Node("n1", Role.WORKER, "172.18.0.3")
RULES = RuleCount(40, {"ips": 3})


def test_a_step_costs_what_kube_proxy_used_between_two_samples():
    cost = cost_of(1000, Usage(2.0, 6.0, 50, Syncs(4, 1.0)), Usage(7.5, 9.0, 60, Syncs(9, 3.5)), RULES, 12)
    assert (cost.cpu_s, cost.programs_cpu_s, cost.memory_bytes) == (5.5, 3.0, 60)
    assert (cost.syncs, cost.sync_s) == (5, 2.5)


def test_the_usage_of_a_replaced_kube_proxy_counts_from_its_own_start():
    cost = cost_of(0, Usage(20.0, 7.0, 50, Syncs(40, 10.0)), Usage(1.5, 0.5, 60, Syncs(2, 0.5)), RULES, 12)
    assert (cost.cpu_s, cost.programs_cpu_s, cost.syncs, cost.sync_s) == (1.5, 0.5, 2, 0.5)


def test_the_finding_has_the_usage_of_every_step():
    after = Usage(7.5, 9.0, 60_000_000, Syncs(9, 3.5))
    some = cost_of(1000, Usage(2.0, 6.0, 50, Syncs(4, 1.0)), after, RULES, 12)
    none = cost_of(0, after, Usage(7.75, 9.25, 60_000_000, Syncs(10, 3.75)), RULES, 12)
    found = finding([replace(some, created_s=3.0, programmed_s=4.5), none], NODE, "nftables")
    assert (found.node, found.mode) == ("n1", "nftables")
    assert found.steps[0] == StepUsage(
        step=0,
        services=1000,
        cpu_s=5.5,
        programs_cpu_s=3.0,
        memory_bytes=60_000_000,
        syncs=5,
        sync_s=2.5,
        rules=40,
        set_members=3,
        tracked=12,
        created_s=3.0,
        programmed_s=4.5,
    )
    assert (found.steps[1].services, found.steps[1].programs_cpu_s) == (0, 0.25)
