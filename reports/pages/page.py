"""A self-contained page: style, scripts, charts and data are all in one file, which makes no request."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.pages.runtime import chart_runtime
from reports.writers.glossary import TermLinks, anchor, read_glossary
from reports.writers.readable import interval, number, seconds


def page_html(template: str, *, charts: bool, **context: Any) -> str:
    """Return a page made from one of our templates.

    Text in `context` is escaped by the template. `charts` says whether the page has any, which need a megabyte of
    script.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            new_terms=lambda: TermLinks().link,
            glossary=read_glossary(),
            style=Markup(_asset("page.css")),  # Safe: files of this package.
            script=Markup(_asset("page.js")),
            runtime=Markup(chart_runtime() if charts else ""),  # Safe: from a package; has no end tag of a script.
            **context,
        )
    )


def json_in_script(text: str) -> Markup:
    """Return JSON for a script element, in which no character can end the element or begin a comment."""
    return Markup(text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026"))


def slug(text: object) -> str:
    """Return an id for an element, made from letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", str(text)).strip("-") or "none"


def with_code(text: str) -> Markup:
    """Return text in which what stands between backticks is marked as code; all of it is escaped."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["interval"] = interval
    environment.filters["seconds"] = seconds
    environment.filters["anchor"] = anchor
    environment.filters["slug"] = slug
    environment.filters["with_code"] = with_code
    environment.filters["json_in_script"] = json_in_script
    return environment


def _asset(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    return loader.get_source(_environment(), name)[0]
