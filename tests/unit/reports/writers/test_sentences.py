"""Every finding has a sentence, made from its numbers."""

import typing
from dataclasses import replace

import pytest

from reports.model import Finding
from reports.model.findings import SwitchOutage
from reports.writers.sentences import SENTENCES, sentence
from reports.writers.sentences.switch import median_confidence
from tests.unit.reports.sample_findings import FINDINGS

KINDS = typing.get_args(typing.get_args(Finding)[0])


@pytest.mark.parametrize(("finding", "expected"), FINDINGS.values(), ids=FINDINGS)
def test_a_finding_is_stated_in_words(finding, expected):
    found = sentence(finding)
    assert found.statement == expected
    assert found.method


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (
            "growth",
            "a line through the median of each step; corrected for drift of the "
            "loopback baseline, measured at the same time",
        ),
        ("no growth", "a line through the median of each step"),
        ("cost per rule", "medians of steps with 500 or more rules to traverse"),
        ("no cost per rule", "no step was used"),
        ("capacity", "stepped search over 2 rates"),
        ("load generators", "5 turns of 10 s each; values are medians of turns with their extremes"),
        ("under change", "http_new requests, every failure counted"),
        ("mass programming", "a try from each node every 5 ms; once"),
        ("planted fault", "-"),
        (
            "live switch",
            "each outage lasted from the first to the last failed try at least, and at most between the good ones "
            "around it; the median outage is between the ends given, with 50% confidence",
        ),
        ("stated", "once"),
    ],
)
def test_a_finding_has_the_method_behind_it(kind, method):
    assert sentence(FINDINGS[kind][0]).method == method


@pytest.mark.parametrize(("switches", "confidence"), [(0, 0.0), (1, 0.0), (2, 0.5), (6, 0.96875)])
def test_the_median_outage_is_outside_only_if_all_are_on_one_side_of_it(switches, confidence):
    assert median_confidence(switches) == confidence


def test_of_a_single_switch_no_confidence_is_stated():
    assert "confidence" not in sentence(replace(FINDINGS["live switch"][0], switches=1)).method


def test_an_outage_without_a_good_connection_after_it_has_no_known_limit():
    found = FINDINGS["live switch"][0]
    (connections, *_) = found.traffic
    endless = replace(connections, outages=(SwitchOutage(at_least_ms=310.0, at_most_ms=None), *connections.outages))
    statement = sentence(replace(found, traffic=(endless,))).statement
    assert "in outages of 290 ms to no known limit" in statement


def test_every_kind_of_finding_has_a_sentence_and_a_sample():
    assert set(SENTENCES) == set(KINDS)
    assert {type(finding) for finding, _ in FINDINGS.values()} == set(KINDS)


def test_kinds_are_unique():
    assert len({kind.__dataclass_fields__["kind"].default for kind in KINDS}) == len(KINDS)
