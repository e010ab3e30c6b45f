"""Images for existing clusters: named by a user, or pushed to a registry and remembered."""

import pytest

from clusters.choose import images_of_existing
from clusters.engine import Engine
from clusters.errors import UsageError, WorldError
from clusters.images.build import Builder
from clusters.images.lock import read_lock
from clusters.images.named import NamedImages, PushedImages, require_prefix
from clusters.images.programs import Programs
from clusters.images.push import push_images
from clusters.images.recipes import recipe_book, stock_book
from clusters.push import for_existing
from clusters.spec import Source
from tests.fakes.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
STOCK = stock_book(LOCK, LOCK.release(None))
PREFIX = "localhost:5001/kubeproof"


def pushed(commands, tmp_path, recipes=STOCK.for_existing, prefix=PREFIX):
    engine = Engine(commands)
    builder = Builder(engine, commands, Programs(commands, tmp_path))
    return push_images(engine, builder, recipes, prefix, SilentProgress())


def test_images_are_pushed_under_their_recipes_digests(tmp_path):
    commands = ScriptedCommands({"docker image": ""})
    told = pushed(commands, tmp_path)
    assert told == {
        "load": f"{PREFIX}/load:{STOCK.load.digest}",
        "tools": f"{PREFIX}/tools:{STOCK.tools.digest}",
    }
    assert commands.asked_for("docker image push") == [f"docker image push --quiet {told[name]}" for name in told]
    assert commands.asked_for("docker image tag")[0] == f"docker image tag {STOCK.load.tag} {told['load']}"
    assert len(commands.asked_for("docker image rm")) == len(told), "only the registry's name goes"


def test_what_is_not_there_is_built_first(tmp_path):
    absent = failing("docker image inspect", "No such image")
    commands = ScriptedCommands({"docker image inspect": absent, "docker build": "", "docker image": ""})
    pushed(commands, tmp_path, (STOCK.tools,))
    lines = [" ".join(argv) for argv in commands.asked]
    (built,) = [number for number, line in enumerate(lines) if f"build --tag {STOCK.tools.tag}" in line]
    (sent,) = [number for number, line in enumerate(lines) if "image push" in line]
    assert built < sent


def test_a_registry_that_refuses_is_one_line_and_leaves_no_name_behind(tmp_path):
    refusal = failing("docker image push", "denied: requested access\nto the resource is denied")
    commands = ScriptedCommands({"docker image": "", "docker image push": refusal})
    with pytest.raises(WorldError, match=r"load:\w+ could not be pushed: denied: requested access to") as told:
        pushed(commands, tmp_path)
    assert "docker login localhost:5001" in told.value.remedy
    assert len(commands.asked_for("docker image rm")) == 1


def test_the_push_tells_why_it_failed_also_when_its_name_does_not_go(tmp_path):
    refusal = failing("docker image push", "denied")
    commands = ScriptedCommands(
        {"docker image": "", "docker image push": refusal, "docker image rm": failing("docker image rm", "in use")}
    )
    with pytest.raises(WorldError, match=r"load:\w+ could not be pushed: denied"):
        pushed(commands, tmp_path)


def test_the_built_image_keeps_its_name_where_the_registry_has_no_other(tmp_path):
    """docker.io/kubeproof/load and kubeproof/load are one name to the engine."""
    commands = ScriptedCommands({"docker image": ""})
    pushed(commands, tmp_path, prefix="docker.io/kubeproof")
    assert commands.asked_for("docker image rm") == []


def test_agnhost_is_pushed_where_upstreams_own_was_out_of_reach():
    assert [recipe.name for recipe in for_existing(Source.BUILT)] == ["load", "tools", "agnhost"]
    assert [recipe.name for recipe in for_existing(Source.REGISTRY)] == ["load", "tools"]


@pytest.mark.parametrize(
    "prefix", ["localhost:5001/kubeproof", "localhost/a", "registry.example/a/b-c", "10.0.0.1:5000/x", "docker.io/me/"]
)
def test_a_registry_and_a_path(prefix):
    assert require_prefix(prefix) == prefix.rstrip("/")


@pytest.mark.parametrize(
    "prefix", ["", "kubeproof", "me/kubeproof", "localhost:5001", "http://localhost:5001/a", "a.example/UP", "a.b/c:1"]
)
def test_what_is_no_registry_with_a_path_is_refused(prefix):
    with pytest.raises(UsageError, match="names no registry and path"):
        require_prefix(prefix)


@pytest.mark.parametrize(
    "reference",
    ["busybox", "a/b:1", "reg.example:5000/a/b:v1.2_3-x", f"reg.example/a@sha256:{'0' * 64}", "localhost:1/a"],
)
def test_a_reference(reference):
    assert NamedImages(load=reference).given == {"load": reference}


@pytest.mark.parametrize(
    "reference", ["", "a b", "a:b:c", "https://reg.example/a", "a@sha256:0", "reg.example/Upper", "a/"]
)
def test_what_is_no_reference_names_its_option(reference):
    with pytest.raises(UsageError, match=r"--tools-image=.* is no image reference"):
        NamedImages(tools=reference)


def test_what_is_named_comes_before_what_was_pushed():
    before = {"load": f"reg/load:{STOCK.load.digest}", "tools": f"reg/tools:{STOCK.tools.digest}"}
    images = images_of_existing(NamedImages(load="mine/load:1"), before)
    assert (images.load, images.tools) == ("mine/load:1", before["tools"])


def test_what_other_recipes_have_made_is_not_used():
    images = images_of_existing(NamedImages(), {"load": "reg/load:000000000000", "tools": "reg/tools:000000000000"})
    assert not images.load.startswith("reg/")
    assert not images.tools.startswith("reg/")


def test_without_any_agnhost_is_upstreams():
    book = recipe_book(LOCK, LOCK.release(None))
    assert images_of_existing(NamedImages(), {}).agnhost == book.agnhost.reference


def test_what_was_pushed_is_remembered(tmp_path):
    images = PushedImages(tmp_path / "state" / "pushed.json")
    assert images.read() == {}
    images.write({"load": "reg/load:1"})
    images.write({"load": "reg/load:2", "tools": "reg/tools:2"})
    assert images.read() == {"load": "reg/load:2", "tools": "reg/tools:2"}
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["pushed.json"]


@pytest.mark.parametrize("text", ["", "[", "[]", '"x"'])
def test_a_memory_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / "pushed.json").write_text(text)
    assert PushedImages(tmp_path / "pushed.json").read() == {}
