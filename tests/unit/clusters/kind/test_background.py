import os

import pytest

from clusters.engine import Engine
from clusters.errors import BuildFailed
from clusters.host.ownership import Owner
from clusters.host.processes import Process
from clusters.images.lock import read_lock
from clusters.images.recipes import recipe_book
from clusters.kind.background import BackgroundBuild
from clusters.kind.images import IN_CLUSTER, background_recipes
from clusters.spec import Source
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.host.processes import FakeProcesses

LOCK = read_lock()
ABSENT = failing("docker image inspect", "Error: No such image: x")
TRAEFIK = background_recipes(LOCK, LOCK.release(None), Source.BUILT)["traefik"]


def build(tmp_path):
    return BackgroundBuild(tmp_path / "kubeproof-ipvs-1.kubeconfig")


def running(tmp_path):
    """Return a build whose process is this one."""
    (tmp_path / "kubeproof-ipvs-1.images.process").write_text(str(Owner.myself()))
    return build(tmp_path)


def test_an_image_that_exists_needs_no_build(tmp_path):
    build(tmp_path).wait_image(Engine(ScriptedCommands({"docker image inspect": "sha256:1"})), TRAEFIK)


def test_an_image_is_waited_for_while_it_is_being_built(tmp_path):
    answers = iter([ABSENT, "sha256:1"])

    def inspect(argv):
        answer = next(answers)
        if isinstance(answer, str):
            return answer
        raise answer

    running(tmp_path).wait_image(Engine(ScriptedCommands({"docker image inspect": inspect})), TRAEFIK)
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
    found = build(tmp_path)
    found.start(Source.BUILT, LOCK.releases[0].version)
    found.wait_ended(limit_s=60.0)
    assert "the engine is broken" in found.log.read_text()


def test_only_the_builds_own_process_is_ended(tmp_path):
    me = Owner.myself()
    own = Process(me.pid, 1, me.pid, me.start_ticks)
    of_the_same_pid_later = Process(me.pid, 1, me.pid, me.start_ticks + 1)
    processes = FakeProcesses(own, of_the_same_pid_later)
    running(tmp_path).stop(processes)
    assert processes.running == [of_the_same_pid_later]
    assert not build(tmp_path).is_running()


def test_a_build_that_was_never_started_is_not_running_and_can_be_stopped(tmp_path):
    build(tmp_path).stop(FakeProcesses())
    build(tmp_path).wait_ended()
    assert not build(tmp_path).is_running()


def test_nodes_pull_the_images_of_pods_with_source_registry():
    assert set(background_recipes(LOCK, LOCK.release(None), Source.REGISTRY)).isdisjoint(IN_CLUSTER)


def test_a_node_image_has_no_image_that_is_built_in_the_background():
    for release in LOCK.releases:
        book = recipe_book(LOCK, release)
        assert not set(book.node.parts) & set(book.in_background.values())
        assert set(IN_CLUSTER) < set(book.in_background)
