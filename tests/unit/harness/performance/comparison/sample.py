"""Runs to compare, whose latencies lie on known lines."""

from dataclasses import replace

from harness.performance.comparison.compare import compare as compare_runs
from reports.model import Conditions, MeasurementName, RunResults
from reports.model.findings import AAPairsCheck, SelfCheckFinding
from reports.writers.sentences.comparison import comparison_sentences
from tests.unit.reports.sample import RUN, measured

SERVICES = (0, 100, 1000, 5000, 10000, 0)
ENDS = {"p50": (0.0, 1000.0)}


def run(mode, per_1000_us, fixed_us=60.0, **fields):
    packets = tuple(measured(services, p50=fixed_us + per_1000_us * services / 1000) for services in SERVICES)
    kept = replace(
        measured(0, p50=500.0), name=MeasurementName.PERSISTENT_REQUEST, conditions=Conditions(clock="wall", services=0)
    )
    results = RunResults(run=replace(RUN, id=f"a-{mode}", mode=mode), measurements=(*packets, kept))
    return replace(results, **fields)


IPTABLES, NFTABLES = run("iptables", 40), run("nftables", 0, fixed_us=80.0)


def compare(runs, shares):
    """Return the sentences of a comparison."""
    return comparison_sentences(compare_runs(runs, shares))


def with_control(results, control_us, kept_us=500.0):
    """Return the results with a control, and requests on persistent connections, in each step, as sweeps have them."""
    added = []
    for number, found in enumerate(one for one in results.measurements if one.name is MeasurementName.FIRST_PACKET):
        here = replace(found.conditions, step=number)
        added.append(replace(found, conditions=here))
        for clock in ("kernel", "wall"):
            untracked = replace(here, position=None, clock=clock)
            name = MeasurementName.FIRST_PACKET_UNTRACKED
            control = {"p50": control_us}
            added.append(replace(found, name=name, conditions=untracked, quantiles=control, ci95=ENDS))
        kept = replace(here, position=None, clock="wall")
        name = MeasurementName.PERSISTENT_REQUEST
        added.append(replace(found, name=name, conditions=kept, quantiles={"p50": kept_us}, ci95=ENDS))
    return replace(results, measurements=tuple(added))


def with_baselines(results, *baselines_us):
    baselines = tuple(
        replace(measured(0, p50=baseline_us), name=MeasurementName.BASELINE, conditions=Conditions(clock="kernel"))
        for baseline_us in baselines_us
    )
    return replace(results, measurements=(*results.measurements, *baselines))


def self_check(*, holds):
    return SelfCheckFinding(mode="nftables", checks=(AAPairsCheck(holds=holds, pairs=24, alike=9, least=19),))


def changed(results, place, **fields):
    """Return the results with some quantiles or conditions of one measurement changed."""
    found = results.measurements[place]
    measurements = list(results.measurements)
    measurements[place] = replace(
        found,
        quantiles={**found.quantiles, **fields.get("quantiles", {})},
        conditions=replace(found.conditions, **fields.get("conditions", {})),
    )
    return replace(results, measurements=tuple(measurements))


def on_uml(results):
    return replace(results, run=replace(results.run, id=f"u-{results.run.mode}", substrate="uml", kernel="6.12"))
