"""Results that state more than their samples give are found out."""

from dataclasses import replace

import numpy as np
import pytest

from harness.load.plan import Block, LoadResult, TargetBlocks
from harness.load.records import to_measurement
from harness.performance.conclusions.cost_per_rule import cost_per_rule_finding
from harness.performance.conclusions.first_packet_sli import first_packet_sli
from harness.performance.conclusions.growth import growth
from harness.performance.conclusions.recomputed import can_be_recomputed, disagreements, recomputed_figures
from harness.performance.conclusions.self_check import check_cost_per_rule
from harness.performance.conclusions.service_cost import service_costs
from harness.performance.conclusions.swept import swept_steps
from harness.statistics.histogram import encode
from harness.statistics.stored import with_quantiles
from reports.model import (
    ChangeSample,
    Conditions,
    Interval,
    Measurement,
    MeasurementName,
    results_from_json,
    results_to_json,
)
from reports.model.findings import SelfCheckFinding
from tests.unit.harness.performance.conclusions.test_cost_per_rule import step as step_of
from tests.unit.reports.sample import RESULTS

SERVICES = (0, 1000, 3000, 1000, 0)
CASE = "suites/performance/test_sweep.py::test_sweep"


def load(generator, us):
    """Return the blocks of ten seconds with a hundred connections each of about `us` microseconds."""
    seconds = np.rint(generator.normal(us, us / 10, (10, 100))).astype(int).tolist()
    return TargetBlocks(tuple(Block(number, kernel=encode(second)) for number, second in enumerate(seconds)))


def sweep():
    """Yield the measurements of a sweep whose first packet grows by 30 us per 1,000 Services."""
    generator = np.random.default_rng(1)
    for step, services in enumerate(SERVICES):
        here = Conditions(mode="iptables", services=services, step=step, clock="kernel", position="end")
        targets = {
            MeasurementName.FIRST_PACKET: load(generator, 80 + 0.03 * services),
            MeasurementName.FIRST_PACKET_UNTRACKED: load(generator, 60),
        }
        result = LoadResult(2000, 0, 0, 0.1, 0, 0.0, targets, TargetBlocks(()))
        for name, blocks in targets.items():
            yield to_measurement(name, blocks, "kernel", here, result)


def swept_results():
    """Return results with a sweep."""
    measured = list(sweep())
    steps = swept_steps(measured)
    measured = [replace(found, case=CASE) for found in (*measured, *service_costs(steps))]
    return replace(RESULTS, measurements=tuple(measured), findings=(growth(steps).finding("iptables"),))


@pytest.fixture
def results():
    """Results with a sweep, as they are read from a file."""
    return results_from_json(results_to_json(swept_results()))


def changed(results, number, **fields):
    measurements = list(results.measurements)
    measurements[number] = replace(measurements[number], **fields)
    return replace(results, measurements=tuple(measurements))


def test_figures_that_follow_from_the_stored_samples_are_computed_again(results):
    assert list(disagreements(results)) == []
    assert recomputed_figures(results) == 3 * 3 * 2 * len(SERVICES)  # three quantiles with two ends each


def test_a_quantile_that_was_changed_is_found(results):
    first = results.measurements[0]
    (found,) = disagreements(changed(results, 0, quantiles={**first.quantiles, "p99": 1.0}))
    assert found.what.startswith("quantiles of first_packet (mode iptables, services 0, step 0")


def test_an_interval_that_was_narrowed_is_found(results):
    first = results.measurements[0]
    found = list(disagreements(changed(results, 0, ci95={**first.ci95, "p50": (80.0, 80.1)})))
    assert any(one.what.startswith("intervals of first_packet") for one in found)


def test_samples_that_were_dropped_are_found(results):
    first = results.measurements[0]
    found = list(disagreements(changed(results, 0, time_slices=first.time_slices[1:])))
    assert any(one.what.startswith("number of samples of first_packet") for one in found)


def test_growth_that_the_steps_do_not_show_is_found(results):
    (found,) = results.findings
    flat = replace(found, per_1000_services_us=replace(found.per_1000_services_us, value=0.0))
    (disagreement,) = disagreements(replace(results, findings=(flat,)))
    assert disagreement.what == "per_1000_services_us of growth in iptables mode"


def test_growth_that_no_sweep_supports_is_found(results):
    (found,) = results.findings
    (disagreement,) = disagreements(replace(results, findings=(found, found)))
    assert str(disagreement) == "number of findings of growth: 2 is stored, 1 was computed"


def test_a_sweep_without_a_control_is_computed_again_too(results):
    raw = [found for found in results.measurements if found.name is MeasurementName.FIRST_PACKET]
    finding = growth(swept_steps(raw)).finding("iptables")
    assert list(disagreements(replace(results, measurements=tuple(raw), findings=(finding,)))) == []


def test_a_lost_change_that_was_left_out_is_found(results):
    samples = tuple(ChangeSample(number, number // 5, None if number == 7 else 100.0 + number) for number in range(200))
    changes = Measurement(
        name=MeasurementName.PROGRAMMING,
        unit="ms",
        conditions=Conditions(services=0),
        n=199,
        errors=1,
        quantiles={},
        ci95={},
        samples=samples,
        case=CASE,
    )
    honest = with_quantiles(changes)
    assert list(disagreements(replace(results, measurements=(*results.measurements, honest)))) == []
    (found,) = disagreements(replace(results, measurements=(*results.measurements, replace(honest, errors=0))))
    assert found.what.startswith("errors of programming")


def test_the_sli_of_a_node_that_was_changed_is_found(results):
    """What is stated of each node must follow from its measurement; how many SYNs were sent again only the SLI says."""
    measured = [replace(one, case="sli") for one in (of_node("worker", 100), of_node("worker2", 120))]
    stated = first_packet_sli(measured, {"worker": 3})
    assert [(node.node, node.retransmitted) for node in stated.nodes] == [("worker", 3), ("worker2", 0)]
    with_sli = replace(results, measurements=(*results.measurements, *measured), findings=(*results.findings, stated))
    assert list(disagreements(with_sli)) == []
    better = replace(stated, nodes=(stated.nodes[0], replace(stated.nodes[1], failed=1)))
    (found,) = disagreements(replace(with_sli, findings=(*results.findings, better)))
    assert found.what == "first packet SLI in nftables mode"
    alone = replace(with_sli, measurements=results.measurements)
    assert [one.what for one in disagreements(alone)] == ["number of findings of the SLI"]


def of_node(node, us):
    """Return the measurement of one node of a thousand connections of about `us` microseconds."""
    here = Conditions(mode="nftables", services=1000, node=node, clock="kernel", rate_per_s=100.0, duration_s=10.0)
    blocks = load(np.random.default_rng(2), us)
    result = LoadResult(1000, 0, 0, 0.1, 0, 0.0, {"web": blocks}, TargetBlocks(()))
    return to_measurement(MeasurementName.FIRST_PACKET_SLI, result.together, "kernel", here, result)


def test_older_results_have_nothing_to_compute_again(results):
    unnamed = replace(results, measurements=tuple(replace(found, case="") for found in results.measurements))
    assert not can_be_recomputed(unnamed)
    assert list(disagreements(unnamed)) == []


def test_a_self_check_that_the_steps_do_not_support_is_found(results):
    mode, measured = "iptables", []
    for number, services in enumerate((0, 1000, 3000, 5000, 3000, 1000, 0)):
        here = step_of(services, number=number, rule_us=0.016, chain_us=0.016)
        again = replace(here[1], name=MeasurementName.FIRST_PACKET_AA)
        measured += [
            replace(found, case=CASE, conditions=replace(found.conditions, mode=mode)) for found in (*here, again)
        ]
    steps = swept_steps(measured)
    check = check_cost_per_rule(steps)
    findings = (cost_per_rule_finding(steps, mode), growth(steps).finding(mode))
    honest = replace(results, measurements=tuple(measured))
    assert list(disagreements(replace(honest, findings=(self_check(check, mode), *findings)))) == []
    closer = replace(check, apart_ns=Interval(0.0, 0.0, 0.1))
    (found,) = disagreements(replace(honest, findings=(self_check(closer, mode), *findings)))
    assert found.what == "self-check of cost per rule"


def self_check(check, mode):
    return SelfCheckFinding(mode=mode, checks=(check,))
