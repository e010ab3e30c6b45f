"""Tests of the default choices, and of the notes that report them to the user."""

import pytest

from clusters.choose import choose_spec
from clusters.spec import Mode, Source
from tests.fakes.host.host import FakeHost
from tests.fakes.progress import SilentProgress


def choose(source, kubernetes):
    progress = SilentProgress()
    return choose_spec(Mode.NFTABLES, source, None, kubernetes, 2, progress, FakeHost()), progress.notes


@pytest.mark.parametrize(
    ("source", "kubernetes", "used", "expected"),
    [
        (Source.REGISTRY, "1.37.2", "1.37.0", "using Kubernetes 1.37.0 although 1.37.2 was requested: source registry"),
        (Source.BUILT, "1.37.0", "1.37.2", "using Kubernetes 1.37.2 although 1.37.0 was requested: source built"),
        (Source.REGISTRY, None, "1.37.0", "using Kubernetes 1.37.0 although 1.37.2 is the default: source registry"),
        (Source.REGISTRY, "1.35.4", "1.35.8", "using Kubernetes 1.35.8 although 1.35.4 was requested"),
    ],
)
def test_the_spec_has_the_version_that_runs_and_a_note_reports_the_difference(source, kubernetes, used, expected):
    spec, notes = choose(source, kubernetes)
    assert spec.kubernetes == used
    assert [note for note in notes if note.startswith(expected)]


@pytest.mark.parametrize(
    ("source", "kubernetes"), [(Source.REGISTRY, "1.37.0"), (Source.BUILT, "1.37.2"), (Source.BUILT, None)]
)
def test_no_note_is_written_when_the_requested_version_is_used(source, kubernetes):
    assert not [note for note in choose(source, kubernetes)[1] if "using Kubernetes" in note]


def test_two_requests_that_use_the_same_version_name_the_same_cluster():
    assert choose(Source.REGISTRY, "1.37.2")[0].name == choose(Source.REGISTRY, "1.37.0")[0].name
