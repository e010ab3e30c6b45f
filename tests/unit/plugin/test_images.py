"""Images of an existing cluster: every node is seen to pull what the selected cases need, before any of them runs."""

import pytest

CASES = """
import pathlib, pytest

@pytest.fixture
def namespace(): return "a"
@pytest.fixture
def generator(namespace): pass
@pytest.fixture
def shell(): pass

def test_neither(cluster): pathlib.Path("ran").touch()
def test_load(generator): pathlib.Path("ran").touch()
def test_tools(shell): pathlib.Path("ran").touch()
@pytest.mark.workers(5)
def test_skipped(generator, shell): pass
"""
MANIFESTS = """
import pytest
@pytest.fixture
def read_manifest(): pass
def test_manifest(read_manifest): pass
"""
EVERY_WAY = pytest.mark.parametrize("options", [(), ("-n2",)], ids=" ".join)


def pulled(run):
    """What nodes were asked for, each time."""
    return (run.directory / "pulled.log").read_text().splitlines()


@EVERY_WAY
def test_an_image_that_no_node_has_ends_the_run_before_any_case(run, options):
    assert run.run(CASES, *options, KUBEPROOF_TEST_UNPULLABLE="load") == 3, run.output
    assert "kubeproof: node worker cannot pull image load (push it)" in run.output
    assert "Traceback" not in run.output
    assert not (run.directory / "ran").exists()
    assert run.outcomes() == {"cluster set-up": "environment error"}
    assert run.owner == ["open", "close"]
    assert "the whole story" in (run.directory / "runs" / "latest" / "run.log").read_text()


@EVERY_WAY
def test_nodes_are_asked_once_for_what_selected_cases_need(run, options):
    assert run.run(CASES, *options) == 0, run.output
    assert pulled(run) == ["agnhost,load,tools"]


@pytest.mark.parametrize(
    ("selected", "images"), [("tools", "tools"), ("load", "agnhost,load"), ("neither", ""), ("skipped", "")]
)
def test_an_image_that_only_other_cases_need_is_not_asked_for(run, selected, images):
    run.run(CASES, "-k", selected, KUBEPROOF_TEST_UNPULLABLE="load" if "load" not in images else "")
    assert pulled(run) == [images]
    assert run.results["run"]["finished"]


def test_manifests_beside_a_case_tell_what_it_needs(run):
    (run.directory / "pod.yaml").write_text("image: $load\n")
    assert run.run(MANIFESTS) == 0, run.output
    assert pulled(run) == ["load"]
