"""Comparisons and histories as Markdown, for a pull request, an issue, or the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reports.model.comparison import Comparison
from reports.model.history import History, LevelChange, Series
from reports.text import one_line
from reports.writers.sentences.comparison import comparison_sentences
from reports.writers.sentences.history import change_sentence, flake_sentence, history_verdict
from reports.writers.winner import answer, not_compared

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def comparison_markdown(comparison: Comparison) -> str:
    """Return the answer, the claims that differ by mode as a table, and all sentences, folded."""
    return "\n".join(_of_comparison(comparison)) + "\n"


def history_markdown(history: History) -> str:
    """Return the verdict, the figures that are worse now, all changes, folded, and the cases that fail now and then."""
    return "\n".join(_of_history(history)) + "\n"


def _of_comparison(comparison: Comparison) -> Iterator[str]:
    for number, sentences in enumerate(answer(comparison)):
        shown = " ".join(map(escaped, sentences))
        yield f"**{shown}**\n" if number == 0 else f"{shown}\n"
    for sentence in not_compared(comparison):
        yield f"{escaped(sentence)}\n"
    differing = [claim for claim in comparison.claims if claim.differs]
    if differing:
        places = sorted({found.place for claim in differing for found in claim.verdicts})
        yield _row("claim", *(escaped(f"{place.mode} on {place.substrate}") for place in places))
        yield _row(*("---" for _ in range(len(places) + 1)))
        for claim in differing:
            verdicts = (claim.verdict(place) or "" for place in places)
            yield _row(escaped(f"{claim.id} {claim.text}"), *verdicts)
        yield ""
    yield "<details><summary>In words</summary>\n"
    for sentence in comparison_sentences(comparison):
        yield f"- {escaped(sentence)}"
    yield "\n</details>"


def _of_history(history: History) -> Iterator[str]:
    yield f"**{escaped(history_verdict(history))}**\n"
    worse = [(series, series.changes[-1]) for series in history.series if series.changed_for_the_worse]
    for series, change in worse:
        yield f"- worse: {_change(series, change)}"
    for case in history.cases:
        if case.flaky:
            yield f"- flaky: {escaped(f'{case.case} in {case.mode} mode failed in {flake_sentence(case)}')}"
    changes = [(series, change) for series in history.series for change in series.changes]
    if changes:
        yield "\n<details><summary>All changes</summary>\n"
        for series, change in changes:
            yield f"- {'worse' if change.worse else 'better'}: {_change(series, change)}"
        yield "\n</details>"


def _change(series: Series, change: LevelChange) -> str:
    return (
        f"{escaped(change_sentence(series, change))}; between runs {escaped(change.last)} and {escaped(change.first)}"
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Return text in which nothing is markup, in one line."""
    return SPECIAL.sub(r"\\\1", one_line(text))
