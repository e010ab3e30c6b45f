import re
from dataclasses import replace

import pytest

from reports.model import Conditions, Measurement, MeasurementName
from reports.writers.chart import chart_svg, series_of


def first_packet(services, high_us):
    return Measurement(
        name=MeasurementName.FIRST_PACKET,
        unit="us",
        conditions=Conditions(clock="kernel", position="end", services=services),
        n=9,
        errors=0,
        quantiles={"p50": high_us / 2},
        ci95={"p50": (0.0, high_us)},
    )


def marks(*highs_us):
    """Return the labels of the value axis, from the bottom."""
    measurements = [first_packet(10 * number, high_us) for number, high_us in enumerate(highs_us)]
    return re.findall(
        r'text-anchor="end">([^<]*)<',
        chart_svg(series_of(measurements, MeasurementName.FIRST_PACKET, "kernel", "p50"), "p50"),
    )


@pytest.mark.parametrize(
    ("high_us", "expected"),
    [
        (89, ["0", "20", "40", "60", "80", "100"]),
        (27_000, ["0", "5,000", "10,000", "15,000", "20,000", "25,000", "30,000"]),
        (60_000, ["0", "20,000", "40,000", "60,000", "80,000"]),
        (120, ["0", "50", "100", "150"]),
        (0.7, ["0", "0.2", "0.4", "0.6", "0.8"]),
    ],
)
def test_an_axis_has_round_numbers_and_ends_above_the_highest_value(high_us, expected):
    assert marks(high_us / 3, high_us) == expected


def test_without_measurements_there_is_no_chart():
    assert chart_svg(series_of([], MeasurementName.FIRST_PACKET, "kernel", "p50"), "p50") == ""


def test_an_experiment_is_not_drawn():
    usual = first_packet(0, 9.0)
    apart = replace(usual, conditions=replace(usual.conditions, experiment="one node in ipvs mode"))
    (line,) = series_of([usual, apart], MeasurementName.FIRST_PACKET, "kernel", "p50")
    assert line.points == (usual,)


def test_a_series_keeps_its_colour_if_another_cannot_be_drawn():
    head = replace(first_packet(0, 9.0), conditions=Conditions(clock="kernel", position="head", services=0))
    without = replace(head, quantiles={"p99": 9.0})
    both = series_of([head, first_packet(0, 9.0)], MeasurementName.FIRST_PACKET, "kernel", "p50")
    (alone,) = series_of([without, first_packet(0, 9.0)], MeasurementName.FIRST_PACKET, "kernel", "p50")
    assert [line.name for line in both] == ["head", "end"]
    assert alone == both[1]
