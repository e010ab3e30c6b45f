import shutil
from dataclasses import replace

import pytest

from clusters.engine import Engine
from clusters.errors import BuildFailed, UsageError
from clusters.images import recipes as recipes_module
from clusters.images.build import Builder
from clusters.images.lock import read_lock
from clusters.images.node import import_parts
from clusters.images.programs import Module, Programs
from clusters.images.recipes import DISTRIBUTION, PAUSE, Recipe, recipe_book, stock_book
from clusters.ownership import OWNER_LABEL, build_labels
from clusters.spec import Source
from tests.fakes.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
ABSENT = failing("docker image inspect", "Error: No such image: x")


def book(version=None):
    return recipe_book(LOCK, LOCK.release(version))


def test_the_lock_holds_the_default_and_the_last_release_before_the_gate():
    assert [release.version for release in LOCK.releases] == ["1.37.2", "1.35.4"]


def test_an_unknown_version_names_those_that_can_be_had():
    with pytest.raises(UsageError, match=r"there are: 1\.37\.2, 1\.35\.4"):
        LOCK.release("1.2.3")


def test_a_version_names_one_release_whichever_source_runs_it():
    versions = {version for release in LOCK.releases for version in (release.version, release.stock_version)}
    assert len(versions) == 2 * len(LOCK.releases)
    for release in LOCK.releases:
        assert LOCK.release(release.version_of(Source.REGISTRY)) == LOCK.release(release.version_of(Source.BUILT))


def test_every_release_has_a_module_with_sums_and_every_image_a_dockerfile():
    for release in LOCK.releases:
        parts = recipe_book(LOCK, release).node.parts
        assert (Module(release.module).directory / "go.sum").stat().st_size > 0
        assert all((part.directory / "Dockerfile").exists() for part in parts)


@pytest.mark.parametrize(
    ("module", "tool", "version"),
    [
        ("coredns", "github.com/coredns/coredns", LOCK.coredns),
        ("kind", "sigs.k8s.io/kind", LOCK.kind),
        ("metallb", "go.universe.tf/metallb", LOCK.metallb),
        ("metrics-server", "sigs.k8s.io/metrics-server", LOCK.metrics_server),
        ("traefik", "github.com/traefik/traefik/v3", LOCK.traefik),
    ],
)
def test_the_lock_says_what_the_modules_build(module, tool, version):
    assert f"\t{tool} v{version}" in (Module(module).directory / "go.mod").read_text()


def test_both_sources_run_the_same_versions_at_the_edge():
    parts = {part.reference for part in book().node.parts}
    for image in (LOCK.metallb_controller_image, LOCK.metallb_speaker_image, f"docker.io/library/{LOCK.traefik_image}"):
        reference, _, digest = image.partition("@")
        assert reference in parts
        assert digest.startswith("sha256:")


def test_releases_do_not_share_a_node_image():
    assert book("1.37.2").node.tag != book("1.35.4").node.tag


def test_a_changed_part_changes_the_node_image():
    node = book().node
    other = replace(node.parts[0], reference="registry.k8s.io/kube-apiserver:v0")
    assert replace(node, parts=(other, *node.parts[1:])).digest != node.digest


def test_a_changed_file_changes_the_digest(tmp_path, monkeypatch):
    shutil.copytree(recipes_module.RECIPES / "pause", tmp_path / "pause")
    monkeypatch.setattr(recipes_module, "RECIPES", tmp_path)
    recipe = Recipe("pause", "pause:1", "bookworm")
    before = recipe.digest
    (tmp_path / "pause" / "Dockerfile").write_text("FROM scratch\n")
    assert recipe.digest != before


def builder(commands, tmp_path):
    return Builder(Engine(commands), commands, Programs(commands, tmp_path))


def test_an_image_that_is_there_is_not_built(tmp_path):
    commands = ScriptedCommands({"docker image inspect": "sha256:1"})
    recipe = Recipe("pause", "pause:1", "bookworm", (PAUSE,), ("pause",))
    assert builder(commands, tmp_path).ensure(recipe, SilentProgress()) == recipe.tag
    assert commands.asked_for("docker build") == []


def test_a_program_that_does_not_build_is_one_line_with_the_story_behind_it(tmp_path):
    commands = ScriptedCommands(
        {"docker image inspect": ABSENT, "go install": failing("go install tool", "no route\nboom: x")}
    )
    recipe = Recipe("pause", "pause:1", "bookworm", (PAUSE,), ("pause",))
    with pytest.raises(BuildFailed, match=r"Go programs of pause did not build.*boom: x") as caught:
        builder(commands, tmp_path).ensure(recipe, SilentProgress())
    assert "no route" in caught.value.detail
    assert "\n" not in str(caught.value)


def test_a_half_built_program_is_never_taken_for_a_whole_one(tmp_path):
    programs = Programs(ScriptedCommands({"go install": failing("go install .", "boom")}), tmp_path)
    with pytest.raises(BuildFailed):
        programs.ensure(PAUSE, SilentProgress())
    assert list((tmp_path / "programs").iterdir()) == []


def test_a_stock_image_is_debians_with_its_packages_and_programs_of_upstreams(tmp_path):
    director = stock_book(LOCK, LOCK.release(None)).director
    commands = ScriptedCommands(
        {"docker image inspect": ABSENT, "docker build": "", "docker create": "c1", "docker cp": "", "docker rm": ""}
    )
    builder(commands, tmp_path).ensure(director, SilentProgress())
    base, image = commands.asked_for("docker build")
    assert f"BASE={LOCK.director_debian_image}" in base
    assert f"BASE={director.base_tag}" in image
    label = f"{OWNER_LABEL}={build_labels()[OWNER_LABEL]}"
    assert commands.asked_for("docker create") == [f"docker create --label {label} {director.copied[0][0]}"]
    assert commands.asked_for("docker rm") == ["docker rm --force --volumes c1"]


def test_a_stock_node_is_named_by_digest_and_tells_its_version():
    for release in LOCK.releases:
        assert "@sha256:" in release.node_image
        assert release.stock_version.rpartition(".")[0] == release.version.rpartition(".")[0]


def test_the_registry_runs_beside_clusters_and_is_no_part_of_a_node():
    book = recipe_book(LOCK, LOCK.release(None))
    assert book.registry not in book.node.parts
    assert (book.registry.directory / "Dockerfile").exists()
    go_mod = (DISTRIBUTION.directory / "go.mod").read_text()
    assert f"github.com/distribution/distribution/v3 v{LOCK.distribution} " in go_mod


def test_a_stock_registry_is_upstreams_own_program_by_digest():
    (program, _), _ = stock_book(LOCK, LOCK.release(None)).registry.copied
    assert program.startswith(f"docker.io/library/registry:{LOCK.distribution}@sha256:")


def test_the_container_of_a_node_image_is_found_after_a_kill_and_its_owner_is_not_the_nodes(tmp_path):
    commands = ScriptedCommands({"docker": "", "docker run": "c1"})
    import_parts(Engine(commands), "node-empty", replace(book().node, parts=()))
    (run,), (commit,) = commands.asked_for("docker run"), commands.asked_for("docker commit")
    assert f"--label {OWNER_LABEL}={build_labels()[OWNER_LABEL]}" in run
    assert f'--change LABEL {OWNER_LABEL}=""' in commit
