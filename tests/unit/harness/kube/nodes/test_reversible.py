from contextlib import nullcontext

import pytest

from harness.kube.nodes.reversible import ReversibleChanges


class RecordedChanges(ReversibleChanges):
    """Changes that record how they were undone."""

    def __init__(self, fails_at=None):
        super().__init__()
        self.fails_at = fails_at
        self.undone = []

    def change(self, name):
        self._undo.callback(self._undo_change, name)

    def _undo_change(self, name):
        self.undone.append(name)
        if name == self.fails_at:
            raise OSError(f"{name} cannot be undone")


@pytest.mark.parametrize("fails_at", ["second", None])
def test_every_change_is_undone_in_reverse_order_even_if_one_cannot_be(fails_at):
    changes = RecordedChanges(fails_at)
    with pytest.raises(OSError, match="second cannot be undone") if fails_at else nullcontext():
        change_three(changes)
    assert changes.undone == ["third", "second", "first"]


def test_changes_are_undone_after_an_error_of_the_block_which_is_raised():
    changes = RecordedChanges()
    with pytest.raises(KeyError, match="of the block"):
        change_three(changes, KeyError("of the block"))
    assert changes.undone == ["third", "second", "first"]


def change_three(changes, error=None):
    with changes:
        for name in ("first", "second", "third"):
            changes.change(name)
        if error is not None:
            raise error
