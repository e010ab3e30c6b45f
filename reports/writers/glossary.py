"""The glossary: terms with their definitions, as links in a report and as `docs/glossary.md`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

FILE = Path(__file__).with_name("glossary.toml")
LOOK_AROUND = r"(?<![\w./-]){}(?![\w/-])"


@cache
def read_glossary() -> dict[str, str]:
    """Return the definition of each term, in alphabetical order."""
    terms: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))["terms"]
    return dict(sorted(terms.items(), key=lambda entry: entry[0].lower()))


def glossary_markdown() -> str:
    """Return the text of `docs/glossary.md`."""
    rows = "".join(f"| {term} | {definition} |\n" for term, definition in read_glossary().items())
    return f"# Glossary\n\n| term | meaning |\n| --- | --- |\n{rows}"


def anchor(term: str) -> str:
    """Return the id of a term's entry in a report."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


class TermLinks:
    """Links each term to its entry where it first appears on a page."""

    def __init__(self) -> None:
        self._linked: set[str] = set()

    def link(self, text: object) -> Markup:
        """Return `text`, escaped, with a link at each term that has none on this page yet."""
        shown = str(escape(text))
        return Markup(
            _any_term().sub(lambda found: self._link(found[0]), shown)
        )  # Safe: escaped above, and definitions are ours.

    def _link(self, found: str) -> str:
        term = _term_of(found)
        if term in self._linked:
            return found
        self._linked.add(term)
        title = escape(re.sub(r"[`*]", "", read_glossary()[term]))
        return f'<a class="term" href="#{anchor(term)}" data-meaning="{title}">{found}</a>'


@cache
def _any_term() -> re.Pattern[str]:
    terms = sorted(map(str, map(escape, read_glossary())), key=len, reverse=True)
    alternatives = "|".join(f"{re.escape(term)}s?" for term in terms)
    return re.compile(LOOK_AROUND.format(f"(?:{alternatives})"), re.IGNORECASE)


def _term_of(found: str) -> str:
    by_name = {str(escape(term)).lower(): term for term in read_glossary()}
    return by_name.get(found.lower()) or by_name[found.lower().removesuffix("s")]
