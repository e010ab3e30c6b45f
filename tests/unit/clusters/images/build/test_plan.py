from clusters.engine import Engine
from clusters.images.build.bases import Bases
from clusters.images.build.image import ImageBuild
from clusters.images.build.plan import Planner
from clusters.images.build.programs import Programs
from clusters.images.build.python import PythonPackages
from clusters.images.build.tasks import Lane
from clusters.images.lock import read_lock
from clusters.images.recipes import KIND, PAUSE, Recipe, kernel_recipe, kind_recipe, recipe_book
from tests.fakes.host.commands import ScriptedCommands, failing

LOCK = read_lock()
BOOK = recipe_book(LOCK, LOCK.release(None))
PAUSE_IMAGE = Recipe("pause", "pause:1", "bookworm", (PAUSE,), ("pause",))


def planner(tmp_path, *tags):
    """Return a planner for an engine that has the images `tags`."""

    def inspect(argv):
        if argv[-1] not in tags:
            raise failing("docker image inspect", "Error: No such image: x")
        return "sha256:1"

    commands = ScriptedCommands({"docker image inspect": inspect})
    engine, programs, python = Engine(commands), Programs(commands, tmp_path), PythonPackages(commands, tmp_path)
    return Planner(programs, Bases(engine, commands), python, ImageBuild(engine, programs, python))


def test_nothing_is_planned_for_an_image_that_the_engine_has(tmp_path):
    assert planner(tmp_path, BOOK.node.tag).tasks((BOOK.node,)) == ()


def test_an_image_needs_its_programs_its_packages_and_its_base(tmp_path):
    *before, image = planner(tmp_path).tasks((BOOK.load,))
    assert {task.name for task in before} == image.needs
    assert [task.lane for task in before] == [Lane.PACKAGES, Lane.PACKAGES]
    assert image.name == f"image {BOOK.load.tag}"


def test_a_node_image_needs_the_images_of_its_pods(tmp_path):
    *_, node = planner(tmp_path).tasks((BOOK.node,))
    assert {f"image {part.tag}" for part in BOOK.node.parts} < node.needs


def test_an_image_needs_the_images_that_its_dockerfile_copies_from(tmp_path):
    *_, node = planner(tmp_path).tasks((BOOK.node,))
    ((argument, stage),) = BOOK.node.stages
    assert argument == "CRUN"
    assert f"image {stage.tag}" in node.needs


def test_an_image_that_compiles_does_not_compete_with_go(tmp_path):
    base, kernel = planner(tmp_path).tasks((kernel_recipe(LOCK),))
    assert (base.lane, kernel.lane) == (Lane.PACKAGES, Lane.COMPILER)


def test_programs_that_several_images_need_are_built_once(tmp_path):
    names = [task.name for task in planner(tmp_path).tasks(BOOK.before_cluster)]
    assert len(names) == len(set(names))
    assert names.count("Go programs of kubernetes-1.37") == 1
    assert names[0] == "Go programs of kubernetes-1.37", "the longest build begins at once"


def test_what_an_interrupted_build_has_made_is_not_made_again(tmp_path):
    plan = planner(tmp_path, BOOK.load.base_tag)
    plan.programs.directory(PAUSE).mkdir(parents=True)
    plan.python.directory(BOOK.load.requirements).mkdir(parents=True)
    tasks = plan.tasks((PAUSE_IMAGE, BOOK.load))
    assert [task.name for task in tasks] == [f"image {PAUSE_IMAGE.tag}", f"image {BOOK.load.tag}"]


def test_in_the_background_traefik_is_built_last(tmp_path):
    compiled = [
        task.name for task in planner(tmp_path).tasks(tuple(BOOK.in_background.values())) if task.lane is Lane.COMPILER
    ]
    assert compiled[-1] == "Go programs of traefik"


def test_the_image_for_archives_holds_kind(tmp_path):
    program, image = planner(tmp_path).tasks((kind_recipe(),))
    assert program.name == f"Go programs of {KIND.name}"
    assert program.name in image.needs
