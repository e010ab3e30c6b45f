import re
import shutil
from dataclasses import replace

import pytest

from clusters.addons.dns import COREFILE
from clusters.engine import Engine
from clusters.errors import BuildFailed, UsageError
from clusters.host.ownership import OWNER_LABEL, build_labels
from clusters.images import recipes as recipes_module
from clusters.images.build.builder import Builder
from clusters.images.build.node import import_parts
from clusters.images.build.programs import Programs
from clusters.images.lock import read_lock
from clusters.images.module import Module
from clusters.images.recipes import DISTRIBUTION, PAUSE, Recipe, kernel_recipe, recipe_book, stock_book
from clusters.spec import Source
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
ABSENT = failing("docker image inspect", "Error: No such image: x")
KUBERNETES_PACKAGES = re.compile(r"^\tk8s\.io/(?:api|apimachinery|apiserver|client-go|cri-api) v(\S+)", re.MULTILINE)


def book(version=None):
    return recipe_book(LOCK, LOCK.release(version))


def test_the_lock_has_the_default_release_and_one_before_the_feature_gate_of_ipvs():
    assert [release.version for release in LOCK.releases] == ["1.37.2", "1.35.4"]


def test_the_error_about_an_unknown_version_lists_the_available_ones():
    with pytest.raises(UsageError, match=r"there are: 1\.37\.2, 1\.35\.4"):
        LOCK.release("1.2.3")


def test_a_version_identifies_one_release_for_both_sources():
    versions = {version for release in LOCK.releases for version in (release.version, release.stock_version)}
    assert len(versions) == 2 * len(LOCK.releases)
    for release in LOCK.releases:
        assert LOCK.release(release.version_of(Source.REGISTRY)) == LOCK.release(release.version_of(Source.BUILT))


def test_every_release_has_a_module_with_go_sum_and_every_image_has_a_dockerfile():
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
def test_the_lock_names_the_versions_that_the_modules_build(module, tool, version):
    assert f"{tool} v{version}" in (Module(module).directory / "go.mod").read_text()


def test_modules_build_with_the_versions_of_kubernetes_packages_that_kubernetes_has():
    """Go compiles a package once for all modules that build it from the same versions."""
    release = LOCK.release(None)
    others = {"coredns", "metrics-server", "traefik", "containerd"}
    for module in others:
        go_mod = (Module(module).directory / "go.mod").read_text()
        assert set(KUBERNETES_PACKAGES.findall(go_mod)) == {release.version.replace("1.", "0.", 1)}, module


def test_coredns_has_every_plugin_of_the_corefile_and_lists_what_it_imports():
    program = (Module("coredns").directory / "main.go").read_text()
    imported = set(re.findall(r"coredns/plugin/(\w+)", program))
    listed = set(re.findall(r'^\t"(\w+)",$', program, re.MULTILINE))
    assert {"prometheus" if name == "metrics" else name for name in imported} == listed
    assert set(re.findall(r"^    (\w+)", COREFILE, re.MULTILINE)) <= listed


def test_both_sources_run_the_same_versions_of_metallb_and_traefik():
    built = {recipe.reference for recipe in book().in_background.values()}
    for image in (LOCK.metallb_controller_image, LOCK.metallb_speaker_image, f"docker.io/library/{LOCK.traefik_image}"):
        reference, _, digest = image.partition("@")
        assert reference in built
        assert digest.startswith("sha256:")


def test_each_release_has_its_own_node_image():
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
    return Builder(Engine(commands), commands, tmp_path)


def test_an_image_that_the_engine_has_is_not_built(tmp_path):
    commands = ScriptedCommands({"docker image inspect": "sha256:1"})
    recipe = Recipe("pause", "pause:1", "bookworm", (PAUSE,), ("pause",))
    builder(commands, tmp_path).ensure((recipe,), SilentProgress())
    assert commands.asked_for("docker build") == []


def test_a_failed_build_of_a_program_is_an_error_of_one_line_with_the_output_as_detail(tmp_path):
    commands = ScriptedCommands(
        {"docker image inspect": ABSENT, "go install": failing("go install tool", "no route\nboom: x")}
    )
    recipe = Recipe("pause", "pause:1", "bookworm", (PAUSE,), ("pause",))
    with pytest.raises(BuildFailed, match=r"Go programs of pause did not build.*boom: x") as caught:
        builder(commands, tmp_path).ensure((recipe,), SilentProgress())
    assert "no route" in caught.value.detail
    assert "\n" not in str(caught.value)


def test_an_incomplete_build_of_a_program_is_not_kept(tmp_path):
    programs = Programs(ScriptedCommands({"go install": failing("go install .", "boom")}), tmp_path)
    with pytest.raises(BuildFailed):
        programs.ensure(PAUSE, SilentProgress())
    assert list((tmp_path / "programs").iterdir()) == []


def test_a_stock_image_is_debians_image_with_packages_and_programs_of_upstream_images(tmp_path):
    director = stock_book(LOCK, LOCK.release(None)).director
    commands = ScriptedCommands(
        {"docker image inspect": ABSENT, "docker build": "", "docker create": "c1", "docker cp": "", "docker rm": ""}
    )
    builder(commands, tmp_path).ensure((director,), SilentProgress())
    base, image = commands.asked_for("docker build")
    assert f"BASE={LOCK.director_debian_image}" in base
    assert f"BASE={director.base_tag}" in image
    label = f"{OWNER_LABEL}={build_labels()[OWNER_LABEL]}"
    assert commands.asked_for("docker create") == [f"docker create --label {label} {director.copied[0][0]}"]
    assert commands.asked_for("docker rm") == ["docker rm --force --volumes c1"]


def test_a_stock_node_image_is_named_by_digest_and_version():
    for release in LOCK.releases:
        assert "@sha256:" in release.node_image
        assert release.stock_version.rpartition(".")[0] == release.version.rpartition(".")[0]


def test_the_registry_image_is_not_part_of_a_node_image():
    book = recipe_book(LOCK, LOCK.release(None))
    assert book.registry not in book.node.parts
    assert (book.registry.directory / "Dockerfile").exists()
    go_mod = (DISTRIBUTION.directory / "go.mod").read_text()
    assert f"github.com/distribution/distribution/v3 v{LOCK.distribution}\n" in go_mod


def test_a_stock_registry_has_the_program_of_the_upstream_image_by_digest():
    (program, _), _ = stock_book(LOCK, LOCK.release(None)).registry.copied
    assert program.startswith(f"docker.io/library/registry:{LOCK.distribution}@sha256:")


def test_the_container_that_builds_a_node_image_has_an_owner_and_the_image_has_none(tmp_path):
    """Clean-up finds the container by its owner after a kill."""
    commands = ScriptedCommands({"docker": "", "docker run": "c1"})
    import_parts(Engine(commands), "node-empty", replace(book().node, parts=()))
    (run,), (commit,) = commands.asked_for("docker run"), commands.asked_for("docker commit")
    assert f"--label {OWNER_LABEL}={build_labels()[OWNER_LABEL]}" in run
    assert f'--change LABEL {OWNER_LABEL}=""' in commit


def test_an_image_that_compiles_leaves_the_cpu_to_containers(tmp_path):
    commands = ScriptedCommands({"docker image inspect": ABSENT, "docker": "", "mmdebstrap": "", "unshare": ""})
    builder(commands, tmp_path).ensure((kernel_recipe(LOCK),), SilentProgress())
    (build,) = commands.asked_for("docker build")
    assert "--cpu-shares=2" in build
