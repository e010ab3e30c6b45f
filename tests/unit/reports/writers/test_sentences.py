"""Every finding has a sentence, made from its numbers."""

import typing

import pytest

from reports.model import Finding
from reports.writers.sentences import SENTENCES, sentence
from tests.unit.reports.sample_findings import FINDINGS

KINDS = typing.get_args(typing.get_args(Finding)[0])


@pytest.mark.parametrize(("finding", "expected"), FINDINGS.values(), ids=FINDINGS)
def test_a_finding_is_stated_in_words(finding, expected):
    said = sentence(finding)
    assert said.statement == expected
    assert said.method


def test_every_kind_of_finding_has_a_sentence_and_a_sample():
    assert set(SENTENCES) == set(KINDS)
    assert {type(finding) for finding, _ in FINDINGS.values()} == set(KINDS)


def test_kinds_are_unique():
    assert len({kind.__dataclass_fields__["kind"].default for kind in KINDS}) == len(KINDS)
