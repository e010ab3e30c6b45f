"""A comparison as Markdown, for a pull request or the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reports.model.comparison import Comparison
from reports.text import one_line
from reports.writers.sentences.comparison import comparison_sentences
from reports.writers.winner import answer, not_compared

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def comparison_markdown(comparison: Comparison) -> str:
    """Return the answer, the claims that differ by mode as a table, and all sentences, folded."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    for number, sentences in enumerate(answer(comparison)):
        shown = " ".join(map(escaped, sentences))
        yield f"**{shown}**\n" if number == 0 else f"{shown}\n"
    for sentence in not_compared(comparison):
        yield f"{escaped(sentence)}\n"
    differing = [claim for claim in comparison.claims if claim.differs]
    if differing:
        places = sorted({found.place for claim in differing for found in claim.verdicts})
        yield _row("claim", *(f"{place.mode} on {place.substrate}" for place in places))
        yield _row(*("---" for _ in range(len(places) + 1)))
        for claim in differing:
            verdicts = (claim.verdict(place) or "" for place in places)
            yield _row(f"{claim.id} {escaped(claim.text)}", *verdicts)
        yield ""
    yield "<details><summary>In words</summary>\n"
    for sentence in comparison_sentences(comparison):
        yield f"- {escaped(sentence)}"
    yield "\n</details>"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Return text in which nothing is markup, in one line."""
    return SPECIAL.sub(r"\\\1", one_line(text))
