"""Every finding has a sentence, made from its numbers."""

import typing

import pytest

from reports.model import Finding
from reports.writers.sentences import SENTENCES, sentence
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
            "least squares through the median of each step, with Student's t interval; corrected for drift of the "
            "loopback baseline, measured at the same time",
        ),
        ("no growth", "least squares through the median of each step, with Student's t interval"),
        ("cost per rule", "medians of steps with 500 or more rules to traverse"),
        ("no cost per rule", "no step was used"),
        ("capacity", "stepped search over 2 rates"),
        ("load generators", "5 turns of 10 s each; values are medians of turns with their extremes"),
        ("under change", "http_new requests, every failure counted"),
        ("mass programming", "a try from each node every 5 ms; once"),
        ("planted fault", "-"),
        ("stated", "once"),
    ],
)
def test_a_finding_has_the_method_behind_it(kind, method):
    assert sentence(FINDINGS[kind][0]).method == method


def test_every_kind_of_finding_has_a_sentence_and_a_sample():
    assert set(SENTENCES) == set(KINDS)
    assert {type(finding) for finding, _ in FINDINGS.values()} == set(KINDS)


def test_kinds_are_unique():
    assert len({kind.__dataclass_fields__["kind"].default for kind in KINDS}) == len(KINDS)
