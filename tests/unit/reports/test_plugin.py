"""The pytest plugin writes every file of a run, and refuses a last results file that does not fit the contract."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from reports.plugin import ResultsWriter
from reports.schema import NotTheContract
from tests.unit.reports.sample import RESULTS, RUN


def written(results, directory):
    directory.mkdir()
    ResultsWriter(SimpleNamespace(stash={})).pytest_kubeproof_results(results, directory)
    return sorted(file.name for file in directory.iterdir())


def test_every_file_of_a_run_is_written(tmp_path):
    assert written(RESULTS, tmp_path / "a") == ["junit.xml", "report.html", "results.json"]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_finished_run_whose_results_do_not_fit_the_contract_is_an_error(tmp_path):
    wrong = replace(RESULTS, run=replace(RUN, cpus="two"))
    with pytest.raises(
        NotTheContract, match=r"does not fit kubeproof\.results/2 at \$\.run\.cpus: 'two' is not of type"
    ):
        written(wrong, tmp_path / "a")
    assert (tmp_path / "a" / "report.html").exists()


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_an_unfinished_run_is_written_without_the_check(tmp_path):
    assert written(replace(RESULTS, run=replace(RUN, cpus="two", finished=None)), tmp_path / "a")
