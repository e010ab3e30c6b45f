"""The script that draws Vega-Lite charts in a browser, from the package that contains it."""

from __future__ import annotations

from functools import cache

import vl_convert


@cache
def chart_runtime() -> str:
    """Return Vega, Vega-Lite and vega-embed as one script, which sets `window.vegaEmbed`. Takes two seconds once."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
