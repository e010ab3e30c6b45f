"""What is decided for the user, and what the user is told of it."""

import pytest

from clusters.choose import choose_spec
from clusters.spec import Mode, Source
from tests.fakes.host import FakeHost
from tests.fakes.progress import SilentProgress


def choose(source, kubernetes):
    progress = SilentProgress()
    return choose_spec(Mode.NFTABLES, source, None, kubernetes, 2, progress, FakeHost()), progress.notes


@pytest.mark.parametrize(
    ("source", "kubernetes", "runs", "told"),
    [
        (Source.REGISTRY, "1.37.2", "1.37.0", "Kubernetes 1.37.0 runs where 1.37.2 was asked for: source registry"),
        (Source.BUILT, "1.37.0", "1.37.2", "Kubernetes 1.37.2 runs where 1.37.0 was asked for: source built"),
        (Source.REGISTRY, None, "1.37.0", "Kubernetes 1.37.0 runs where 1.37.2 is the default: source registry"),
        (Source.REGISTRY, "1.35.4", "1.35.8", "Kubernetes 1.35.8 runs where 1.35.4 was asked for"),
    ],
)
def test_the_spec_tells_the_version_that_runs_and_a_note_that_it_is_another(source, kubernetes, runs, told):
    spec, notes = choose(source, kubernetes)
    assert spec.kubernetes == runs
    assert [note for note in notes if note.startswith(told)]


@pytest.mark.parametrize(
    ("source", "kubernetes"), [(Source.REGISTRY, "1.37.0"), (Source.BUILT, "1.37.2"), (Source.BUILT, None)]
)
def test_where_the_version_asked_for_runs_there_is_nothing_to_note(source, kubernetes):
    assert not [note for note in choose(source, kubernetes)[1] if "runs where" in note]


def test_one_version_has_one_cluster_however_it_was_asked_for():
    assert choose(Source.REGISTRY, "1.37.2")[0].name == choose(Source.REGISTRY, "1.37.0")[0].name
