import os

import pytest

from clusters.engine import Engine
from clusters.errors import BuildFailed
from clusters.host.processes import HostProcesses, Process
from clusters.images.lock import read_lock
from clusters.images.recipes import recipe_book
from clusters.kind.background import MODULE, BackgroundBuild
from clusters.kind.images import IN_CLUSTER, background_recipes
from clusters.spec import Source, Substrate
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.host.processes import FakeProcesses

LOCK = read_lock()
ABSENT = failing("docker image inspect", "Error: No such image: x")
TRAEFIK = background_recipes(LOCK, LOCK.release(None), Source.BUILT)["traefik"]


CLUSTER = "kubeproof-ipvs-017690"


def building(state, cluster=CLUSTER, pid=7):
    """Return a process that builds images for `cluster`, with its log in the directory `state`."""
    argv = ("python", "-m", MODULE, cluster, str(state), "built", "host", "1.37.2")
    return Process(pid, 1, pid, 70, argv=argv)


def build(tmp_path, *running):
    return BackgroundBuild(CLUSTER, tmp_path, FakeProcesses(*running))


def test_an_image_that_exists_needs_no_build(tmp_path):
    build(tmp_path).wait_image(Engine(ScriptedCommands({"docker image inspect": "sha256:1"})), TRAEFIK)


def test_an_image_is_waited_for_while_it_is_being_built(tmp_path):
    answers = iter([ABSENT, "sha256:1"])

    def inspect(argv):
        answer = next(answers)
        if isinstance(answer, str):
            return answer
        raise answer

    build(tmp_path, building(tmp_path)).wait_image(Engine(ScriptedCommands({"docker image inspect": inspect})), TRAEFIK)
    assert next(answers, None) is None


def test_an_image_that_nothing_builds_any_more_is_an_error_with_the_end_of_the_log(tmp_path):
    found = build(tmp_path)
    found.log.write_text("Go programs of traefik did not build: no route")
    with pytest.raises(BuildFailed, match=rf"image {TRAEFIK.tag} was not built and nothing builds it") as caught:
        found.wait_image(Engine(ScriptedCommands({"docker image inspect": ABSENT})), TRAEFIK)
    assert "no route" in caught.value.detail


def test_a_build_is_a_process_of_its_own_that_ends_and_leaves_a_log(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    (tmp_path / "docker").write_text("#!/bin/sh\necho the engine is broken >&2\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    found = BackgroundBuild(CLUSTER, tmp_path, HostProcesses())
    found.start(Source.BUILT, Substrate.HOST, LOCK.releases[0].version)
    found.wait_ended(limit_s=60.0)
    assert "the engine is broken" in found.log.read_text()


def test_only_the_clusters_own_build_is_ended(tmp_path):
    of_another_cluster = building(tmp_path, "kubeproof-ipvs-2", pid=8)
    of_another_user = building("/home/other/.local/state/kubeproof", pid=9)
    found = build(tmp_path, building(tmp_path), of_another_cluster, of_another_user)
    assert found.is_running()
    found.stop()
    assert not found.is_running()
    assert found.processes.read() == (of_another_cluster, of_another_user)


def test_a_build_that_was_never_started_is_not_running_and_can_be_stopped(tmp_path):
    found = build(tmp_path)
    found.stop()
    found.wait_ended()
    assert not found.is_running()


def test_nodes_pull_the_images_of_pods_with_source_registry():
    assert set(background_recipes(LOCK, LOCK.release(None), Source.REGISTRY)).isdisjoint(IN_CLUSTER)


def test_a_node_image_has_no_image_that_is_built_in_the_background():
    for release in LOCK.releases:
        book = recipe_book(LOCK, release)
        assert not set(book.node.parts) & set(book.in_background.values())
        assert set(IN_CLUSTER) < set(book.in_background)
