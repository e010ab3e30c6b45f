"""Results that were changed at random: every command ends in one line or a page, never in a traceback."""

from __future__ import annotations

import copy
import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters.errors import KubeproofError
from harness.history.history import StoredRun, history
from harness.performance.comparison.compare import compare
from harness.performance.conclusions.recomputed import disagreements
from harness.plugin.run.results import read_runs
from reports.model import results_to_json
from reports.pages.comparison.page import SHARES, comparison_html
from reports.pages.history.page import history_html
from reports.pages.run.page import report_html
from reports.writers.markdown import comparison_markdown, history_markdown
from tests.unit.harness.performance.comparison.sample import IPTABLES, NFTABLES
from tests.unit.harness.performance.comparison.test_programming_cost import IPVS
from tests.unit.harness.performance.conclusions.test_recomputed import swept_results
from tests.unit.reports.sample import RESULTS, shown
from tests.unit.reports.sample_findings import FINDINGS

NO_NUMBER = re.compile(r"\b(nan|NaN|-?inf|Infinity|None)\b")

WHOLE = replace(
    IPTABLES,
    cases=RESULTS.cases,
    claims=RESULTS.claims,
    findings=(*(finding for finding, _ in FINDINGS.values()), *IPVS.findings),
)
DOCUMENT = json.loads(results_to_json(WHOLE))


def places(document, path=()):
    """Yield the path and the value of everything in a document."""
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in entries:
        yield (*path, name), value
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))


NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([math.nan, math.inf, -math.inf, -1, 0, 10**400, 1e300, 5e-324])
)
TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(["", "ebpf", "\x1b[31m\u202e", "javascript:x()", "../..", "2026-13-45T99:00"])
)
ANYTHING = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.just([]), st.just({}), st.just(...))


def values(original):
    """Return what may replace a value: mostly another one of its type, which no check of types refuses."""
    if isinstance(original, bool):
        return st.booleans()
    if isinstance(original, int | float):
        return st.one_of(NUMBERS, NUMBERS, ANYTHING)
    return st.one_of(TEXTS, TEXTS, ANYTHING) if isinstance(original, str) else ANYTHING


def changes_of(document):
    """Return lists of up to three places of a document, each with another value."""
    found = dict(places(document))
    change = st.sampled_from(list(found)).flatmap(lambda path: st.tuples(st.just(path), values(found[path])))
    return st.lists(change, min_size=1, max_size=3)


def changed(changes, document=DOCUMENT):
    """Return the document with values replaced, or removed where the value is `...`."""
    document = copy.deepcopy(document)
    for path, value in changes:
        *parents, last = path
        place = document
        try:
            for name in parents:
                place = place[name]
            if value is ...:
                del place[last]
            else:
                place[last] = value
        except (KeyError, IndexError, TypeError):  # an earlier change has removed the place
            continue
    return json.dumps(document)


def read(text):
    """Return the results of a file with that text, or None if they were refused in one line that names the file."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "results.json").write_text(text, encoding="utf-8", errors="surrogatepass")
        (found, refusals) = read_runs([Path(folder)])
        assert not any("\n" in str(refusal) or folder not in str(refusal) for refusal in refusals)
        return found[0] if found else None


def require_no_odd_number(page):
    """Require that a page shows no number that is none; charts' data are JSON, which cannot contain one."""
    found = NO_NUMBER.search(re.sub(r"<style.*?</style>", "", shown(page), flags=re.DOTALL))
    assert found is None, page[max(0, found.start() - 80) : found.end() + 80]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(changes=changes_of(DOCUMENT))
def test_any_change_of_the_results_gives_a_refusal_or_pages(changes):
    if sys.get_int_max_str_digits():
        sys.set_int_max_str_digits(5000)
    results = read(changed(changes))
    if results is None:
        return
    require_no_odd_number(report_html(results))
    found = history([StoredRun(results, "a"), StoredRun(NFTABLES, "b")])
    require_no_odd_number(history_html(found))
    assert not NO_NUMBER.search(history_markdown(found))
    try:
        comparison = compare([results, NFTABLES], SHARES[:3])
    except KubeproofError:
        return
    require_no_odd_number(comparison_html(comparison))
    assert not NO_NUMBER.search(comparison_markdown(comparison))


SWEPT = json.loads(results_to_json(swept_results()))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(changes=changes_of(SWEPT))
def test_any_change_of_stored_samples_is_refused_found_or_of_nothing_that_is_computed_again(changes):
    results = read(changed(changes, SWEPT))
    if results is not None:
        assert all(str(found) for found in disagreements(results))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(length=st.integers(0, len(json.dumps(DOCUMENT)) - 2))
def test_a_truncated_file_is_refused(length):
    assert read(json.dumps(DOCUMENT)[:length]) is None


@pytest.mark.parametrize(
    "text", ["[]", "3", '"x"', "null", '{"schema": "kubeproof.results/3"}', '{"schema": "other/1"}', "\x00"]
)
def test_a_foreign_file_is_refused(text):
    assert read(text) is None


def test_the_unchanged_results_make_every_page():
    results = read(json.dumps(DOCUMENT))
    require_no_odd_number(report_html(results))
    require_no_odd_number(history_html(history([StoredRun(results, "a")])))
