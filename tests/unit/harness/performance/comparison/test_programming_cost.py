from dataclasses import replace

from harness.performance.comparison.programming_cost import programming_costs
from reports.model import RunResults
from reports.model.findings import CostFinding, StepUsage
from reports.writers.sentences.comparison import programming_sentences as sentences_of
from tests.unit.reports.sample import RUN


def step(number, services, sync_s, cpu_s, programs_cpu_s, memory_bytes=80e6):
    return StepUsage(
        step=number,
        services=services,
        cpu_s=cpu_s,
        programs_cpu_s=programs_cpu_s,
        memory_bytes=memory_bytes,
        syncs=3,
        sync_s=sync_s,
        rules=9,
        set_members=0,
        tracked=0,
    )


def run(mode, *steps):
    return RunResults(run=replace(RUN, mode=mode), findings=(CostFinding(mode=mode, node="worker", steps=steps),))


def programming_sentences(runs):
    return sentences_of([cost for results in runs for cost in programming_costs(results)])


START, BACK = step(0, 0, 3.0, 0.5, 1.5), step(3, 0, 30.0, 9.0, 20.0)
IPVS = run("ipvs", START, step(1, 1000, 30.0, 9.0, 21.0), step(2, 2000, 50.0, 20.0, 30.0, 90e6), BACK)
NFTABLES = run("nftables", START, step(1, 1000, 1.5, 1.0, 0.5), step(2, 2000, 2.5, 2.0, 0.5), BACK)


def test_only_steps_to_the_most_services_count():
    (cost,) = programming_costs(IPVS)
    assert (cost.services, cost.sync_s, cost.cpu_s, cost.memory_mb) == (2000, 80.0, 80.0, 90.0)


def test_modes_are_compared_in_one_sentence_with_the_range_of_their_runs():
    again = run("nftables", START, step(1, 1000, 1.7, 1.0, 0.5), step(2, 2000, 2.5, 2.0, 0.5), BACK)
    assert list(programming_sentences([NFTABLES, IPVS, again])) == [
        "To program 2,000 Services one node's kube-proxy needed in ipvs mode 80 s of syncs, 80 s of CPU time and 90 MB "
        "of memory; in nftables mode 4 to 4.2 s of syncs, 4 s of CPU time and 80 MB of memory."
    ]


def test_nothing_is_compared_between_different_numbers_of_services():
    assert not list(programming_sentences([IPVS, run("nftables", START, step(1, 1000, 1.5, 1.0, 0.5))]))
    assert not list(programming_sentences([IPVS]))


def test_a_run_that_did_not_count_the_cpu_time_of_programs_is_left_out():
    assert not list(programming_costs(run("ipvs", START, step(1, 1000, 30.0, 9.0, None))))
