"""`--only` narrows a run to some suites."""

import pytest

CASE = "def test_{name}(cluster): pass\n"


@pytest.fixture
def suites(run):
    """A run in which the folder `suites` has three suites of one case each."""
    for name in ("probes", "services", "performance"):
        folder = run.directory / "suites" / name
        folder.mkdir()
        (folder / f"test_{name}.py").write_text(CASE.format(name=name))
    return run


@pytest.mark.parametrize(
    ("only", "cases"),
    [
        ("services", {"test_services"}),
        ("suites/services", {"test_services"}),
        ("services/test_services.py", {"test_services"}),
        ("services,probes", {"test_services", "test_probes"}),
    ],
)
def test_only_the_named_suites_run(suites, only, cases):
    assert suites.run("", "suites", f"--only={only}") == 0, suites.output
    assert set(suites.outcomes()) == cases


def test_with_xdist_too(suites):
    assert suites.run("", "suites", "--only=probes", "-n", "2") == 0, suites.output
    assert set(suites.outcomes()) == {"test_probes"}


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("servces", "--only=servces is no suite (there are: performance, probes, services)"),
        ("performance", "--only=performance names what --ignore excludes"),
        ("", "--only='' is no suite"),
    ],
)
def test_a_suite_that_cannot_run_is_refused_before_a_cluster_is_opened(suites, only, message):
    assert suites.run("", "suites", "--ignore=suites/performance", f"--only={only}") == 2, suites.output
    assert message in suites.output
    assert suites.owner == []
