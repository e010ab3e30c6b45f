"""The page that compares runs: ipvs, iptables or nftables?"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace

from reports.charts.chart import Chart
from reports.charts.modes import modes_chart, pair_chart, programming_chart
from reports.model.comparison import ComparedClaim, Comparison, ModePair, Place, SubstrateComparison, comparison_to_json
from reports.pages.page import page_html
from reports.writers.readable import readable
from reports.writers.sentences.comparison import agreement_sentence, comparison_sentences, difference_sentence
from reports.writers.winner import answer, not_compared

SHARES = tuple(percent / 100 for percent in range(1, 101))
"""The shares of new connections that a reader can choose, for which the comparison has to be made."""

IN_WORDS = (1.0, 0.1, 0.01)
"""The shares that the page states in sentences."""


def comparison_html(comparison: Comparison) -> str:
    """Return the whole page of a comparison that was made for `SHARES`."""
    stored = comparison_to_json(comparison)
    comparison = readable(comparison)
    charts = {found.substrate: list(substrate_charts(found)) for found in comparison.substrates}
    drawn = [chart for found in charts.values() for chart in found]
    return page_html(
        "comparison.html.j2",
        charts=bool(drawn),
        stored=stored,
        comparison=comparison,
        answer=answer(comparison),
        not_compared=list(not_compared(comparison)),
        agreements=[agreement_sentence(found) for found in comparison.agreements],
        differences=[(found, difference_sentence(found)) for found in comparison.differences],
        charts_of=charts,
        specs=json.dumps({chart.id: [chart.spec, chart.log_spec] for chart in drawn}),
        places=sorted({found.place for claim in comparison.claims for found in claim.verdicts}),
        claims=_differing_first(comparison.claims),
        verdict_in=_verdict,
        sentences=list(comparison_sentences(_with_shares(comparison, IN_WORDS))),
    )


def _with_shares(comparison: Comparison, shares: Collection[float]) -> Comparison:
    """Return the comparison with these shares of new connections only."""

    def kept(pair: ModePair) -> ModePair:
        return replace(pair, requests=tuple(found for found in pair.requests if found.new_share in shares))

    substrates = (replace(found, pairs=tuple(map(kept, found.pairs))) for found in comparison.substrates)
    return replace(comparison, substrates=tuple(substrates))


def substrate_charts(found: SubstrateComparison) -> Iterator[Chart]:
    """Yield the charts of the modes on one substrate."""
    for chart in (modes_chart(found), *(pair_chart(found.substrate, pair) for pair in found.pairs)):
        if chart is not None:
            yield chart
    programming = programming_chart(found)
    if programming is not None:
        yield programming


def _differing_first(claims: tuple[ComparedClaim, ...]) -> list[ComparedClaim]:
    return sorted(claims, key=lambda claim: not claim.differs)


def _verdict(claim: ComparedClaim, place: Place) -> str:
    return claim.verdict(place) or ""
