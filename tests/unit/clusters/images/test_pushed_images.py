"""Tests of the images for existing clusters: given by the user, or pushed to a registry by an earlier run."""

import pytest

from clusters.choose import images_of_existing
from clusters.engine import Engine
from clusters.errors import UsageError, WorldError
from clusters.hostimages import for_existing
from clusters.images.build.builder import Builder
from clusters.images.lock import read_lock
from clusters.images.named import NamedImages, PushedImages, require_prefix
from clusters.images.push import push_images
from clusters.images.recipes import recipe_book, stock_book
from clusters.spec import Source
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
STOCK = stock_book(LOCK, LOCK.release(None))
PREFIX = "localhost:5001/kubeproof"


def pushed(commands, tmp_path, recipes=STOCK.for_existing, prefix=PREFIX):
    engine = Engine(commands)
    builder = Builder(engine, commands, tmp_path)
    return push_images(engine, builder, recipes, prefix, SilentProgress())


def test_images_are_pushed_with_their_recipes_digests_as_tags(tmp_path):
    commands = ScriptedCommands({"docker image": ""})
    references = pushed(commands, tmp_path)
    assert references == {
        "load": f"{PREFIX}/load:{STOCK.load.digest}",
        "tools": f"{PREFIX}/tools:{STOCK.tools.digest}",
    }
    assert commands.asked_for("docker image push") == [
        f"docker image push --quiet {references[name]}" for name in references
    ]
    assert commands.asked_for("docker image tag")[0] == f"docker image tag {STOCK.load.tag} {references['load']}"
    assert len(commands.asked_for("docker image rm")) == len(references), "only the registry's name is removed"


def test_an_image_that_the_engine_lacks_is_built_before_it_is_pushed(tmp_path):
    absent = failing("docker image inspect", "No such image")
    commands = ScriptedCommands({"docker image inspect": absent, "docker build": "", "docker image": ""})
    pushed(commands, tmp_path, (STOCK.tools,))
    lines = [" ".join(argv) for argv in commands.asked]
    (built,) = [number for number, line in enumerate(lines) if f"build --tag {STOCK.tools.tag}" in line]
    (sent,) = [number for number, line in enumerate(lines) if "image push" in line]
    assert built < sent


def test_a_refused_push_is_an_error_of_one_line_and_leaves_no_name_behind(tmp_path):
    refusal = failing("docker image push", "denied: requested access\nto the resource is denied")
    commands = ScriptedCommands({"docker image": "", "docker image push": refusal})
    with pytest.raises(WorldError, match=r"load:\w+ could not be pushed: denied: requested access to") as caught:
        pushed(commands, tmp_path)
    assert "docker login localhost:5001" in caught.value.remedy
    assert len(commands.asked_for("docker image rm")) == 1


def test_the_reason_of_a_failed_push_is_reported_even_if_the_name_cannot_be_removed(tmp_path):
    refusal = failing("docker image push", "denied")
    commands = ScriptedCommands(
        {"docker image": "", "docker image push": refusal, "docker image rm": failing("docker image rm", "in use")}
    )
    with pytest.raises(WorldError, match=r"load:\w+ could not be pushed: denied"):
        pushed(commands, tmp_path)


def test_the_built_image_keeps_its_name_if_the_pushed_reference_is_the_same(tmp_path):
    """The engine treats docker.io/kubeproof/load and kubeproof/load as the same name."""
    commands = ScriptedCommands({"docker image": ""})
    pushed(commands, tmp_path, prefix="docker.io/kubeproof")
    assert commands.asked_for("docker image rm") == []


def test_agnhost_is_pushed_only_with_source_built():
    assert [recipe.name for recipe in for_existing(Source.BUILT)] == ["load", "tools", "agnhost"]
    assert [recipe.name for recipe in for_existing(Source.REGISTRY)] == ["load", "tools"]


@pytest.mark.parametrize(
    "prefix", ["localhost:5001/kubeproof", "localhost/a", "registry.example/a/b-c", "10.0.0.1:5000/x", "docker.io/me/"]
)
def test_a_registry_with_a_path_is_accepted(prefix):
    assert require_prefix(prefix) == prefix.rstrip("/")


@pytest.mark.parametrize(
    "prefix", ["", "kubeproof", "me/kubeproof", "localhost:5001", "http://localhost:5001/a", "a.example/UP", "a.b/c:1"]
)
def test_anything_but_a_registry_with_a_path_is_a_usage_error(prefix):
    with pytest.raises(UsageError, match="is not a registry with a path"):
        require_prefix(prefix)


@pytest.mark.parametrize(
    "reference",
    ["busybox", "a/b:1", "reg.example:5000/a/b:v1.2_3-x", f"reg.example/a@sha256:{'0' * 64}", "localhost:1/a"],
)
def test_a_valid_reference_is_accepted(reference):
    assert NamedImages(load=reference).given == {"load": reference}


@pytest.mark.parametrize(
    "reference", ["", "a b", "a:b:c", "https://reg.example/a", "a@sha256:0", "reg.example/Upper", "a/"]
)
def test_the_error_about_an_invalid_reference_names_its_option(reference):
    with pytest.raises(UsageError, match=r"--tools-image=.* is not an image reference"):
        NamedImages(tools=reference)


def test_a_given_reference_takes_precedence_over_a_pushed_one():
    before = {"load": f"reg/load:{STOCK.load.digest}", "tools": f"reg/tools:{STOCK.tools.digest}"}
    images = images_of_existing(NamedImages(load="mine/load:1"), before)
    assert (images.load, images.tools) == ("mine/load:1", before["tools"])


def test_images_pushed_from_other_recipes_are_not_used():
    images = images_of_existing(NamedImages(), {"load": "reg/load:000000000000", "tools": "reg/tools:000000000000"})
    assert not images.load.startswith("reg/")
    assert not images.tools.startswith("reg/")


def test_the_default_for_agnhost_is_the_upstream_reference():
    book = recipe_book(LOCK, LOCK.release(None))
    assert images_of_existing(NamedImages(), {}).agnhost == book.agnhost.reference


def test_pushed_references_are_stored(tmp_path):
    images = PushedImages(tmp_path / "state" / "pushed.json")
    assert images.read() == {}
    images.write({"load": "reg/load:1"})
    images.write({"load": "reg/load:2", "tools": "reg/tools:2"})
    assert images.read() == {"load": "reg/load:2", "tools": "reg/tools:2"}
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["pushed.json"]


@pytest.mark.parametrize("text", ["", "[", "[]", '"x"'])
def test_an_invalid_file_of_pushed_references_is_ignored(tmp_path, text):
    (tmp_path / "pushed.json").write_text(text)
    assert PushedImages(tmp_path / "pushed.json").read() == {}
