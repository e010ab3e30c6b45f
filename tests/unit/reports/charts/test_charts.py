"""Charts: what they draw, and the same figures as a table."""

from dataclasses import replace

import altair as alt
import pytest

from harness.statistics.histogram import encode
from reports.charts.first_packet import CORRECTED, first_packet_chart
from reports.charts.first_packet_sli import sli_chart
from reports.charts.histogram import tail_quantiles
from reports.charts.programming import change_chart, usage_chart
from reports.charts.quantile_curve import quantile_chart
from reports.charts.theme import in_order
from reports.charts.traffic import traffic_charts
from reports.model import Conditions, Measurement, MeasurementName, TimeSlice
from reports.model.findings import CostFinding, PartFailures, StepUsage, UnderChangeFinding
from tests.unit.reports.sample import RESULTS, measured
from tests.unit.reports.writers.test_headline import GROWTH


def run(*measurements, findings=()):
    return replace(RESULTS, measurements=measurements, findings=findings)


def values(spec):
    """Return all rows of data of a chart."""
    return [row for rows in spec["datasets"].values() for row in rows]


def test_the_chart_of_first_packets_is_linear_and_can_be_logarithmic():
    chart = first_packet_chart(run(*(measured(services, "end") for services in (0, 1000))))
    for spec, scale in ((chart.spec, None), (chart.log_spec, "log")):
        alt.LayerChart.from_dict(spec)  # raises if it is not Vega-Lite
        assert {layer["encoding"]["y"]["scale"].get("type") for layer in spec["layer"]} == {scale}
    assert ("1,000", "end", "p50", "100.0", "95 to 105", "") in chart.rows


def test_the_line_of_a_sweep_belongs_to_the_corrected_medians():
    corrected = [
        replace(measured(services), name=MeasurementName.FIRST_PACKET_CORRECTED, quantiles={"p50": 90.0})
        for services in (0, 1000)
    ]
    measurements = (measured(0), measured(1000), *corrected)
    with_line = first_packet_chart(run(*measurements, findings=(GROWTH,)))
    latency = next(one for one in with_line.spec["params"] if one["name"] == "latency")
    assert latency["value"] == CORRECTED
    assert latency["bind"]["options"] == [CORRECTED, "p50", "p90", "p99"]
    assert {row["low"] for row in values(with_line.spec) if row["services"] == 10_000} == {1080.0}
    other_mode = first_packet_chart(run(*measurements, findings=(replace(GROWTH, mode="ipvs"),)))
    assert not any(row["services"] == 10_000 for row in values(other_mode.spec))
    assert next(one for one in other_mode.spec["params"] if one["name"] == "latency")["value"] == "p50"


def test_a_corrected_line_without_corrected_medians_is_shown_with_the_raw_ones():
    """A case that decides a claim records the growth, but no corrected medians: the line must not hide the points."""
    chart = first_packet_chart(run(measured(0), measured(1000), findings=(GROWTH,)))
    latency = next(one for one in chart.spec["params"] if one["name"] == "latency")
    assert (latency["value"], latency["bind"]["options"]) == ("p50", ["p50", "p90", "p99"])
    assert {row["latency"] for row in values(chart.spec) if row["services"] == 10_000} == {"p50"}
    assert "the last Service's points after correction for the loopback baseline, the band" in chart.description


def test_a_point_with_a_remark_does_not_stretch_the_axis():
    disturbed = replace(measured(1000, p50=9000.0), flags=("saturated",))
    chart = first_packet_chart(run(measured(0), measured(100), disturbed))
    top = chart.spec["layer"][0]["encoding"]["y"]["scale"]["domainMax"]["expr"]
    assert top.startswith("{'p50': 113.4,")
    assert ("1,000", "end", "p50", "9,000.0", "8,550 to 9,450", "saturated") in chart.rows


def test_an_experiment_is_not_drawn():
    apart = measured(1000)
    apart = replace(apart, conditions=replace(apart.conditions, experiment="one node in ipvs mode"))
    assert first_packet_chart(run(measured(0), apart)) is None


def test_positions_keep_apart():
    chart = first_packet_chart(run(*(measured(n, position) for n in (0, 9) for position in ("head", "middle", "end"))))
    assert {layer["mark"]["xOffset"] for layer in chart.spec["layer"]} == {-5, 0, 5}


def test_a_quantile_curve_ends_at_the_last_sample():
    curve = dict(tail_quantiles(encode(range(1, 1001))))
    assert (curve[1.0], curve[2.0], max(curve)) == (900, 990, 3.0)
    assert list(tail_quantiles("")) == []
    assert list(tail_quantiles(encode([5]))) == []


def test_each_step_of_a_sweep_has_a_quantile_curve():
    stored = encode(range(100, 200))
    steps = [replace(measured(n), histogram=stored) for n in (0, 1000, 0, 0)]
    steps = [replace(one, conditions=replace(one.conditions, step=number)) for number, one in enumerate(steps)]
    chart = quantile_chart(run(*steps))
    alt.LayerChart.from_dict(chart.spec)
    assert [row[0] for row in chart.rows] == ["0", "1,000", "0 (2)", "0 (3)"]
    assert chart.rows[0][2:] == ("189", "198", "n/a")
    assert quantile_chart(run(measured(0), measured(1000))) is None


def test_each_node_has_a_quantile_curve_of_the_sli():
    def of_node(node, slowest):
        found = replace(measured(1000), name=MeasurementName.FIRST_PACKET_SLI, histogram=encode(range(100, slowest)))
        return replace(found, conditions=replace(found.conditions, node=node))

    chart = sli_chart(run(of_node("worker", 200), of_node("worker2", 300)))
    alt.LayerChart.from_dict(chart.spec)
    largest = {row["node"]: row["us"] for row in values(chart.spec)}
    assert largest == {"worker": 198, "worker2": 298}
    assert [row[0] for row in chart.rows] == ["worker", "worker2"]
    assert sli_chart(run(replace(measured(1000), histogram=encode(range(100, 200))))) is None


def usage(services, sync_s):
    return StepUsage(
        step=1,
        services=services,
        cpu_s=1.0,
        programs_cpu_s=None,
        memory_bytes=80e6,
        syncs=2,
        sync_s=sync_s,
        rules=10,
        set_members=0,
        tracked=0,
    )


def test_programming_is_shown_by_step():
    cost = CostFinding(mode="iptables", node="worker", steps=(usage(0, 0.1), usage(1000, 1.5), usage(2000, 2.5)))
    chart = usage_chart(run(findings=(cost,)))
    alt.LayerChart.from_dict(chart.spec)
    assert chart.columns == ("Services", "time of syncs, s", "CPU time with programs, s", "memory, MB", "rules")
    assert chart.rows == (("0 to 1,000", "1.5", "1", "80", "10"), ("1,000 to 2,000", "2.5", "1", "80", "10"))
    axis = chart.spec["layer"][0]["encoding"]["x"]["axis"]
    assert axis == {"labelExpr": "format(datum.value, ',')"}  # with a number type, 20 is written as 2e+1
    assert usage_chart(run()) is None


def test_changes_are_shown_with_their_intervals():
    changed = Measurement(
        name=MeasurementName.PROGRAMMING,
        unit="ms",
        conditions=Conditions(change="add Service", node="worker", services=1000),
        n=200,
        errors=0,
        quantiles={"p50": 500.0, "p99": 900.0},
        ci95={"p50": (450.0, 550.0)},
    )
    chart = change_chart(run(changed))
    alt.LayerChart.from_dict(chart.spec)
    assert chart.rows[0] == ("add Service", "worker", "1,000", "p50", "500.0", "450.0 to 550.0", "200")
    assert change_chart(run()) is None


@pytest.mark.parametrize(
    ("lost", "title"), [({}, "no request failed"), ({"refused": 3}, "3 requests failed during it")]
)
def test_traffic_is_shown_over_time_with_the_change_marked(lost, title):
    def part(name, begin_s):
        return Measurement(
            name=MeasurementName.UNDER_CHANGE,
            unit="us",
            conditions=Conditions(change="An update", part=name, clock="wall"),
            n=10,
            errors=0,
            quantiles={},
            ci95={},
            time_slices=(TimeSlice(begin_s, 2.0, encode([100] * 9 + [900])),),
        )

    parts = tuple(
        PartFailures(part=name, duration_s=2.0, messages=lost if name == "during" else {})
        for name in ("before", "during")
    )
    failed = UnderChangeFinding(mode="iptables", change="An update", request_kind="http", rate_per_s=5.0, parts=parts)
    (chart,) = traffic_charts(run(part("before", 0.0), part("during", 2.0), findings=(failed,)))
    alt.LayerChart.from_dict(chart.spec)
    assert chart.title == f"An update: {title}"
    assert chart.rows[1] == ("2.0", "4.0", "during", "from the actual start", "100.0", "900.0")
    assert {"from_s": 2.0, "to_s": 4.0} in values(chart.spec)


def test_colours_of_an_order_are_far_apart():
    assert len(set(in_order(9))) == 9
    assert in_order(2) == [in_order(9)[0], in_order(9)[-1]]
    assert len(in_order(30)) == 30
