"""Charts as pictures, drawn without a browser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import vl_convert

from reports.charts.chart import Chart

WIDTH_PX = 860
SCALE = 2.0
"""Pixels of a picture for each pixel of a page, for screens with a high resolution."""

BACKGROUND = "white"


def write_pictures(charts: Iterable[Chart], directory: Path) -> list[Path]:
    """Write each chart as `<id>.png` and `<id>.svg`, as it looks before a reader chooses anything. Return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in charts:
        spec = {**chart.spec, "width": WIDTH_PX, "background": BACKGROUND, "title": chart.title}
        picture, drawing = directory / f"{chart.id}.png", directory / f"{chart.id}.svg"
        picture.write_bytes(vl_convert.vegalite_to_png(spec, scale=SCALE))
        drawing.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
        written += [picture, drawing]
    return written
