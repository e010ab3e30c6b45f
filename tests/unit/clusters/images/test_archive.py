import pytest

from clusters.engine import Engine
from clusters.errors import CommandFailed, WorldError
from clusters.images.archive import export_images, import_images
from clusters.images.build.programs import Programs
from clusters.images.lock import read_lock
from clusters.images.recipes import KIND, kind_recipe, recipe_book
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
RECIPES = (recipe_book(LOCK, LOCK.release(None)).load, kind_recipe())
ABSENT = failing("docker image inspect", "Error: No such image: x")


def test_an_archive_has_the_images_under_their_own_tags(tmp_path):
    commands = ScriptedCommands({"docker save": ""})
    export_images(Engine(commands), RECIPES, tmp_path / "images.tar", SilentProgress())
    tags = " ".join(recipe.tag for recipe in RECIPES)
    assert commands.asked_for("docker save") == [f"docker save --output {tmp_path / 'images.tar'} {tags}"]


def test_an_archive_that_could_not_be_completed_is_removed(tmp_path):
    file = tmp_path / "images.tar"
    file.write_text("half of it")
    commands = ScriptedCommands({"docker save": failing("docker save", "no space left on device")})
    with pytest.raises(WorldError, match="no space left"):
        export_images(Engine(commands), RECIPES, file, SilentProgress())
    assert not file.exists()


def importing(tmp_path, script):
    commands = ScriptedCommands({"docker load": "", "docker create": "c1", "docker cp": "", "docker rm": "", **script})
    programs = Programs(commands, tmp_path)
    import_images(Engine(commands), programs, RECIPES, tmp_path / "images.tar", SilentProgress())
    return commands, programs


def test_an_imported_archive_brings_the_kind_program(tmp_path):
    commands, programs = importing(tmp_path, {"docker image inspect": "sha256:1"})
    (copied,) = commands.asked_for("docker cp")
    assert copied.startswith("docker cp c1:/kind ")
    assert programs.has(KIND)
    assert commands.asked_for("docker rm") == ["docker rm --force --volumes c1"]


def test_an_archive_of_another_version_is_an_error_that_names_what_it_lacks(tmp_path):
    with pytest.raises(WorldError, match=r"lacks these images of this version of Kubeproof: load, kind"):
        importing(tmp_path, {"docker image inspect": ABSENT})


def test_a_file_that_is_no_archive_is_an_error_of_one_line(tmp_path):
    with pytest.raises(WorldError, match="could not be loaded: invalid tar header") as caught:
        importing(tmp_path, {"docker load": failing("docker load", "invalid tar header\n")})
    assert "\n" not in str(caught.value)


def test_a_kind_program_that_could_not_be_copied_does_not_count_as_there(tmp_path):
    with pytest.raises(CommandFailed):
        importing(tmp_path, {"docker image inspect": "sha256:1", "docker cp": failing("docker cp", "no space left")})
    assert not Programs(ScriptedCommands({}), tmp_path).has(KIND)
