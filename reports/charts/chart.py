"""A chart: a Vega-Lite specification, and the same figures as a table for readers who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from reports.charts.theme import CONFIG

Spec = dict[str, Any]
"""A Vega-Lite specification, as JSON."""

Layers = alt.LayerChart | alt.FacetChart
"""Layers over each other, in Altair's types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of a page.

    `id` is its anchor; `description` says what it shows, for screen readers. `log_spec` is the same chart with
    logarithmic axes, None if it has none. `rows` are the figures under `columns`.
    """

    id: str
    title: str
    description: str
    spec: Spec
    log_spec: Spec | None = None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


PLAIN = "format(datum.value, ',')"
"""Labels of an axis as plain numbers: the format of a number type writes 20 as 2e+1 where ticks are few."""


def specification(chart: Layers, height: int = 320) -> Spec:
    """Return a chart's specification: as wide as its container, `height` pixels high, in the colours of the theme.

    It is not validated here, which takes half a second a chart; tests validate each kind of chart.
    """
    sized = chart.properties(width="container", height=height, autosize=alt.AutoSizeParams(type="fit-x", resize=True))
    spec: Spec = sized.to_dict(validate=False, context={"pre_transform": False})
    return {**spec, "config": CONFIG}


def data(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Return rows as data of a chart."""
    return alt.InlineData(values=list(rows))


def chooser(name: str, label: str, options: Sequence[str], chosen: str | None = None) -> alt.Parameter:
    """Return a parameter that a reader sets by a drop-down list."""
    bound = alt.binding_select(options=list(options), name=f"{label} ")
    return alt.param(name=name, value=chosen or options[0], bind=bound)
