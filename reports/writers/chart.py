"""The chart of a sweep as inline SVG: latency against the number of Services, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from reports.model import Measurement

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 16, 56
SPREAD = 14
"""Pixels between series at one number of Services, so that their intervals do not hide each other."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of the chart: measurements in order of their number of Services."""

    name: str
    css: str
    points: tuple[Measurement, ...]


def series_of(measurements: Sequence[Measurement], clock: str) -> tuple[Series, ...]:
    """First packet measurements of one clock, a series for each position in the chain."""
    found: dict[str, list[Measurement]] = {}
    for measured in measurements:
        conditions = measured.conditions
        if measured.name == "first_packet" and conditions.get("clock") == clock and measured.quantiles:
            found.setdefault(str(conditions["position"]), []).append(measured)
    return tuple(
        Series(name, f"series-{number}", tuple(sorted(points, key=_services)))
        for number, (name, points) in enumerate(found.items())
    )


def chart_svg(series: Sequence[Series], quantile: str) -> str:
    """The chart, or nothing where there is nothing to draw. The axis begins at 0."""
    if not series:
        return ""
    counts = sorted({_services(point) for line in series for point in line.points})
    top_us = _round_up(max(point.ci95[quantile][1] for line in series for point in line.points))
    parts = [*_axes(counts, top_us)]
    for number, line in enumerate(series):
        parts += _line(line, quantile, counts, top_us, (number - (len(series) - 1) / 2) * SPREAD)
    label = f"First packet latency, {quantile}, against the number of Services"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _line(line: Series, quantile: str, counts: list[int], top_us: float, shift: float) -> Iterator[str]:
    ends = []
    for point in line.points:
        x = _x(counts.index(_services(point)), len(counts)) + shift
        low, high = point.ci95[quantile]
        y = _y(point.quantiles[quantile], top_us)
        ends.append(f"{x:.1f},{y:.1f}")
        title = (
            f"{line.name}, {_services(point)} Services: {point.quantiles[quantile]:.1f} us ({low:.1f} to {high:.1f})"
        )
        yield (
            f'<g class="{line.css}"><title>{escape(title)}</title>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(low, top_us):.1f}" y2="{_y(high, top_us):.1f}" class="interval"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/></g>'
        )
    yield f'<polyline class="{line.css}" points="{" ".join(ends)}"/>'


def _axes(counts: list[int], top_us: float) -> Iterator[str]:
    for step in range(5):
        value = top_us * step / 4
        y = _y(value, top_us)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    for number, count in enumerate(counts):
        yield _text(_x(number, len(counts)), HEIGHT - BOTTOM + 22, f"{count:,}")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "Services beside the targets")
    yield _text(14, HEIGHT / 2, "microseconds", f'transform="rotate(-90 14 {HEIGHT / 2})"')


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" {more}>{text}</text>'


def _x(number: int, of: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (number + 0.5) / of


def _y(value_us: float, top_us: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value_us / top_us, 1.0)


def _services(measured: Measurement) -> int:
    return int(measured.conditions["services"])


def _round_up(value_us: float) -> float:
    """The next round number at which an axis may end."""
    step = 10 ** max(0, len(str(int(value_us))) - 1) / 2
    return float(step * (value_us // step + 1))
