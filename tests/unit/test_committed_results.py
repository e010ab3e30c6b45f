"""Anyone can compute the figures of the published runs again."""

import pytest

from harness.performance.conclusions.recomputed import can_be_recomputed, disagreements
from harness.plugin.run.results import read_run
from tests.unit.reports.schema import REPOSITORY

RUNS = sorted(path.parent for path in (REPOSITORY / "docs" / "results").glob("*/results.json"))


@pytest.mark.parametrize("run", [pytest.param(run, id=run.name) for run in RUNS])
def test_the_figures_of_a_published_run_follow_from_its_samples(run):
    assert list(disagreements(read_run(run))) == []


def test_some_published_runs_store_their_samples():
    assert any(can_be_recomputed(read_run(run)) for run in RUNS)
