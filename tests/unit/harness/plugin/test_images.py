"""Images of an existing cluster: before any case runs, every node must pull the images of the selected cases."""

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
WITH_AND_WITHOUT_XDIST = pytest.mark.parametrize("options", [(), ("-n2",)], ids=" ".join)


def pulled(run):
    """Return the images of each request to pull, one request per line."""
    return (run.directory / "pulled.log").read_text().splitlines()


@WITH_AND_WITHOUT_XDIST
def test_an_image_that_a_node_cannot_pull_ends_the_run_before_any_case(run, options):
    assert run.run(CASES, *options, KUBEPROOF_TEST_UNPULLABLE="load") == 3, run.output
    assert "kubeproof: node worker cannot pull image load (push it)" in run.output
    assert "Traceback" not in run.output
    assert not (run.directory / "ran").exists()
    assert run.outcomes() == {"cluster set-up": "environment error"}
    assert run.owner == ["open", "close"]
    assert "the whole story" in (run.directory / "runs" / "latest" / "run.log").read_text()


@WITH_AND_WITHOUT_XDIST
def test_nodes_pull_the_images_of_the_selected_cases_once(run, options):
    assert run.run(CASES, *options) == 0, run.output
    assert pulled(run) == ["agnhost,load,tools"]


@pytest.mark.parametrize(
    ("selected", "images"), [("tools", "tools"), ("load", "agnhost,load"), ("neither", ""), ("skipped", "")]
)
def test_an_image_that_only_other_cases_need_is_not_pulled(run, selected, images):
    run.run(CASES, "-k", selected, KUBEPROOF_TEST_UNPULLABLE="load" if "load" not in images else "")
    assert pulled(run) == [images]
    assert run.results["run"]["finished"]


def test_images_are_read_from_the_manifests_next_to_a_case(run):
    (run.directory / "pod.yaml").write_text("image: $load\n")
    assert run.run(MANIFESTS) == 0, run.output
    assert pulled(run) == ["load"]
