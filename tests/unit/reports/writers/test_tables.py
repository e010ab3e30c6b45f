"""The tables of measurements."""

from dataclasses import replace

from reports.model import Conditions, MeasurementName
from reports.writers.tables import TITLES, tables
from tests.unit.reports.sample import measured


def test_every_measurement_has_a_title():
    assert set(TITLES) == set(MeasurementName)


def test_figures_of_conditions_have_at_most_two_decimal_places():
    conditions = Conditions(rate_per_s=170.0, baseline_us=28.917654321987, tried_every_ms=1250.5)
    (table,) = tables([replace(measured(0), conditions=conditions)])
    assert table.common == "rate per s 170, tried every ms 1,250.5, baseline us 28.92"


def test_an_experiment_has_a_table_of_its_own():
    apart = replace(measured(0), conditions=replace(measured(0).conditions, experiment="one node in ipvs mode"))
    assert [table.common.endswith("experiment one node in ipvs mode") for table in tables([measured(0), apart])] == [
        False,
        True,
    ]
