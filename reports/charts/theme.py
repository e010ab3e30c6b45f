"""Colours of charts, the same on light and dark pages; a page's style sheet colours text and grid."""

from __future__ import annotations

from typing import Any

MODE_COLOURS = {"iptables": "#c96a0b", "ipvs": "#9161cf", "nftables": "#2b7cd3"}
"""At least 3:1 against both backgrounds (WCAG 2.2, 1.4.11)."""

POSITION_COLOURS = {"head": "#2b7cd3", "middle": "#b8509b", "end": "#c96a0b", "same node": "#6f7a86"}
PART_COLOURS = {"before": "#6f7a86", "during": "#c96a0b", "after": "#2b7cd3"}
SERIES = ("#2b7cd3", "#c96a0b", "#1c8f68", "#9161cf", "#b8509b", "#8a7a12", "#6f7a86", "#c8504a")
"""Colours of series without a meaning of their own."""

ORDERED = ("#2b7cd3", "#5a6fd6", "#7d63cd", "#9a58bd", "#b04fa6", "#bf4d8a", "#c65068", "#c95a42", "#c96a0b")
"""Colours of series in an order, such as growing numbers of Services."""

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "tickColor": "#8b949e"},
    "legend": {"labelFontSize": 12, "title": None, "orient": "top", "symbolStrokeWidth": 2, "symbolOpacity": 1},
    "title": {"fontSize": 13, "fontWeight": "normal"},
}


def in_order(count: int) -> list[str]:
    """Return so many colours, as far from each other as `ORDERED` allows."""
    last = len(ORDERED) - 1
    return [ORDERED[round(number * last / max(count - 1, 1)) % len(ORDERED)] for number in range(count)]
