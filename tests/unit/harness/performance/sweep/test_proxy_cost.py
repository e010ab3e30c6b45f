from clusters.cluster import Node, Role
from harness.dataplane.proxy_usage import Syncs, Usage
from harness.dataplane.reader import RuleCount
from harness.performance.sweep.proxy_cost import cost_of, finding

NODE = Node("n1", Role.WORKER, "172.18.0.3")
RULES = RuleCount(40, {"ips": 3})


def test_a_step_costs_what_kube_proxy_used_between_two_samples():
    cost = cost_of(1000, Usage(2.0, 6.0, 50, Syncs(4, 1.0)), Usage(7.5, 9.0, 60, Syncs(9, 3.5)), RULES, 12)
    assert (cost.cpu_s, cost.programs_cpu_s, cost.memory_bytes) == (5.5, 3.0, 60)
    assert (cost.syncs, cost.sync_s) == (5, 2.5)


def test_the_usage_of_a_replaced_kube_proxy_counts_from_its_own_start():
    cost = cost_of(0, Usage(20.0, 7.0, 50, Syncs(40, 10.0)), Usage(1.5, 0.5, 60, Syncs(2, 0.5)), RULES, 12)
    assert (cost.cpu_s, cost.programs_cpu_s, cost.syncs, cost.sync_s) == (1.5, 0.5, 2, 0.5)


def test_the_finding_has_numbers_of_every_step_and_a_sentence_about_the_largest():
    after = Usage(7.5, 9.0, 60_000_000, Syncs(9, 3.5))
    some = cost_of(1000, Usage(2.0, 6.0, 50, Syncs(4, 1.0)), after, RULES, 12)
    none = cost_of(0, after, Usage(7.6, 9.1, 60_000_000, Syncs(10, 3.6)), RULES, 12)
    found = finding([some, none], NODE, "nftables")
    assert found.statement == (
        "kube-proxy on n1 (nftables mode) took 2.5 s (5 syncs; 5.5 CPU seconds itself and 3.0 in programs that it ran) "
        "to get from the previous step to 1,000 Services. Then it used 60 MB of memory, and the kernel held 40 rules, "
        "3 set members and 12 tracked connections."
    )
    assert (found.numbers["cpu_s at step 0"], found.numbers["services at step 1"]) == (5.5, 0)
    assert found.numbers["programs_cpu_s at step 1"] == 0.1
