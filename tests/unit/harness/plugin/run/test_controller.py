"""The end of a run: whatever fails there, the final results are published."""

import errno

import pytest

from clusters.errors import ClusterNotReady, WorldError
from harness.plugin.run.controller import Controller
from harness.plugin.run.request import ClusterRequest
from harness.run.log import RunLog
from reports.model import Outcome

REQUEST = ClusterRequest(*(None,) * 4, 2, None, None, keep=False, reuse=False, allow_disruptive=False)


class FailingOwner:
    """The owner of a cluster whose closing facts or removal fail."""

    def __init__(self, *, facts=None, close=None):
        self._facts, self._close = facts, close

    def closing_facts(self):
        if self._facts is not None:
            raise self._facts
        return {"guard": "none"}

    def close(self, logs, progress):
        if self._close is not None:
            raise self._close


def closed(owner, directory):
    """Close a run, and return its published results and the lines that it showed."""
    published, shown = [], []
    log = RunLog(directory / "run.log", shown.append)
    run = Controller(REQUEST, owner, (), directory, 1, 1, lambda results, into: published.append(results), log)
    run.close()
    (results,) = published
    assert results.run.finished
    return results, shown


@pytest.mark.parametrize(
    "failure", [WorldError("logs cannot be written"), OSError(errno.ENOSPC, "No space left on device")], ids=repr
)
def test_results_are_published_even_if_the_cluster_cannot_be_closed(tmp_path, failure):
    results, _ = closed(FailingOwner(close=failure), tmp_path)
    (removal,) = results.cases
    assert (removal.id, removal.outcome) == ("cluster removal", Outcome.ENVIRONMENT_ERROR)
    assert removal.reason == str(failure)
    assert str(failure) in (tmp_path / "run.log").read_text()


def test_facts_that_cannot_be_read_at_the_end_are_noted(tmp_path):
    results, (note,) = closed(FailingOwner(facts=ClusterNotReady("the leak guard is missing")), tmp_path)
    assert results.environment == {}
    assert note.endswith("the facts at the end of the run could not be read: the leak guard is missing")
