from clusters.cluster import Node, Role
from harness.dataplane.proxy_usage import Syncs, Usage
from harness.dataplane.reader import RuleCount
from harness.performance.sweep.proxy_cost import cost_of, finding

NODE = Node("n1", Role.WORKER, "172.18.0.3")
RULES = RuleCount(40, {"ips": 3})


def test_a_step_costs_what_kube_proxy_has_used_between_two_looks():
    cost = cost_of(1000, Usage(2.0, 6.0, 50, Syncs(4, 1.0)), Usage(7.5, 9.0, 60, Syncs(9, 3.5)), RULES, 12)
    assert (cost.cpu_s, cost.programs_cpu_s, cost.memory_bytes) == (5.5, 3.0, 60)
    assert (cost.syncs, cost.sync_s) == (5, 2.5)


def test_a_kube_proxy_that_was_replaced_counts_from_its_own_start():
    cost = cost_of(0, Usage(20.0, 7.0, 50, Syncs(40, 10.0)), Usage(1.5, 0.5, 60, Syncs(2, 0.5)), RULES, 12)
    assert (cost.cpu_s, cost.programs_cpu_s, cost.syncs, cost.sync_s) == (1.5, 0.5, 2, 0.5)


def test_every_step_is_told_in_numbers_and_the_largest_in_words():
    after = Usage(7.5, 9.0, 60_000_000, Syncs(9, 3.5))
    some = cost_of(1000, Usage(2.0, 6.0, 50, Syncs(4, 1.0)), after, RULES, 12)
    none = cost_of(0, after, Usage(7.6, 9.1, 60_000_000, Syncs(10, 3.6)), RULES, 12)
    told = finding([some, none], NODE, "nftables")
    assert (
        "for 1000 Services 5.5 s of processor itself and 3.0 s in programs that it ran, in 5 syncs of 2.5 s; then it "
        "held 60 MB, the kernel 40 rules"
    ) in told.statement
    assert (told.numbers["cpu_s at step 0"], told.numbers["services at step 1"]) == (5.5, 0)
    assert told.numbers["programs_cpu_s at step 1"] == 0.1
