"""The chart of a sweep as inline SVG: latency against the number of Services, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from reports.model import Measurement, MeasurementName
from reports.writers.readable import LARGE, finite, interval

MOST_STEPS = 6
"""Steps on the y axis, at most."""

LOWEST_US = 0.001
"""The end of the y axis if all values are lower."""

NO_POSITION = "no position"

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 16, 56
SPREAD = 14
"""Pixels between series at one number of Services, so that their intervals do not overlap."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of the chart: the measurements of one position in the chain."""

    name: str
    css: str
    points: tuple[Measurement, ...]


def series_of(
    measurements: Sequence[Measurement], name: MeasurementName, clock: str, quantile: str
) -> tuple[Series, ...]:
    """Return a series for each position in the chain, of the measurements of one name and clock that can be drawn.

    Its points are in order of the number of Services. A position keeps its colour in the charts of all quantiles.
    """
    by_position: dict[str, list[Measurement]] = {}
    for measured in measurements:
        here = measured.conditions
        if measured.name is name and (here.clock, here.experiment) == (clock, None) and measured.quantiles:
            by_position.setdefault(here.position or NO_POSITION, []).append(measured)
    found = (
        Series(position, f"series-{number}", _drawable(points, quantile))
        for number, (position, points) in enumerate(by_position.items())
    )
    return tuple(line for line in found if line.points)


def _drawable(points: Iterable[Measurement], quantile: str) -> tuple[Measurement, ...]:
    """Return the points whose quantile and number of Services are known, ordered by the number of Services."""
    return tuple(sorted((point for point in points if _is_drawable(point, quantile)), key=_services))


def chart_svg(series: Sequence[Series], quantile: str) -> str:
    """Return the chart as SVG, or an empty string if there is no series. Its y axis starts at 0.

    Negative values, which baseline correction can yield, are drawn at 0; their titles show the number.
    """
    if not series:
        return ""
    counts = sorted({_services(point) for line in series for point in line.points})
    marks_us = _marks(max(_highest_us(point, quantile) for line in series for point in line.points))
    top_us = marks_us[-1]
    parts = [*_axes(counts, marks_us)]
    for number, line in enumerate(series):
        parts += _line(line, quantile, counts, top_us, (number - (len(series) - 1) / 2) * SPREAD)
    label = f"First packet latency, {quantile}, against the number of Services"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _line(line: Series, quantile: str, counts: list[int], top_us: float, shift: float) -> Iterator[str]:
    ends = []
    for point in line.points:
        x = _x(counts.index(_services(point)), len(counts)) + shift
        y = _y(point.quantiles[quantile], top_us)
        ends.append(f"{x:.1f},{y:.1f}")
        figure = f"{point.quantiles[quantile]:.1f} us ({interval(point, quantile)})"
        title = f"{line.name}, {_services(point)} Services: {figure}"
        yield (
            f'<g class="{line.css}"><title>{escape(title)}</title>{_bar(point, quantile, x, top_us)}'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/></g>'
        )
    yield f'<polyline class="{line.css}" points="{" ".join(ends)}"/>'


def _bar(point: Measurement, quantile: str, x: float, top_us: float) -> str:
    """Return the interval as SVG, or "" if it is not known."""
    ends = _ends_us(point, quantile)
    if ends is None:
        return ""
    low, high = (_y(end, top_us) for end in ends)
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" class="interval"/>'


def _axes(counts: list[int], marks_us: tuple[float, ...]) -> Iterator[str]:
    for value in marks_us:
        y = _y(value, marks_us[-1])
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,g}</text>'
    for number, count in enumerate(counts):
        yield _text(_x(number, len(counts)), HEIGHT - BOTTOM + 22, f"{count:,}")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "Services in the cluster")
    yield _text(14, HEIGHT / 2, "microseconds", f'transform="rotate(-90 14 {HEIGHT / 2})"')


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" {more}>{text}</text>'


def _x(number: int, of: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (number + 0.5) / of


def _y(value_us: float, top_us: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(value_us / top_us, 0.0), 1.0)


def _is_drawable(measured: Measurement, quantile: str) -> bool:
    return _is_known(measured.quantiles.get(quantile)) and measured.conditions.services is not None


def _is_known(value: object) -> bool:
    shown = finite(value)
    return shown is not None and abs(shown) < LARGE


def _ends_us(measured: Measurement, quantile: str) -> tuple[float, float] | None:
    ends = measured.ci95.get(quantile)
    return ends if ends is not None and all(map(_is_known, ends)) else None


def _highest_us(measured: Measurement, quantile: str) -> float:
    return float(max((measured.quantiles[quantile], *(_ends_us(measured, quantile) or ()))))


def _services(measured: Measurement) -> int:
    assert measured.conditions.services is not None  # only drawable measurements are drawn
    return measured.conditions.services


def _marks(highest_us: float) -> tuple[float, ...]:
    """Return marks from 0 to above the highest value, in three to six steps of 1, 2 or 5 times a power of 10."""
    if highest_us < LOWEST_US:
        return 0.0, LOWEST_US
    power = 10.0 ** floor(log10(highest_us / MOST_STEPS))
    step = next(power * times for times in (2, 5, 10, 20) if highest_us < power * times * MOST_STEPS)
    return tuple(step * number for number in range(int(highest_us // step) + 2))
