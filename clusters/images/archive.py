"""Archives of images, which carry them from the host that built them to one that cannot build.

An archive is what `docker save` writes. The kind program is in it as an image of its own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from clusters.engine import Engine
from clusters.errors import CommandFailed, WorldError
from clusters.host.ownership import build_labels
from clusters.host.progress import Progress, timed
from clusters.images.build.programs import Programs
from clusters.images.recipes import KIND, Recipe, kind_recipe


def export_images(engine: Engine, recipes: tuple[Recipe, ...], file: Path, progress: Progress) -> None:
    """Write the images of recipes to `file`. Raises `WorldError`, and then leaves no file."""
    tags = tuple(recipe.tag for recipe in recipes)
    try:
        with timed(progress, f"writing {len(tags)} images to {file}"):
            engine.save_images(tags, file)
    except CommandFailed as failure:
        file.unlink(missing_ok=True)
        raise WorldError(
            f"the images could not be written to {file}: {' '.join(failure.stderr.split()) or failure.message}",
            remedy="check the path and the free space on its disk",
            detail=failure.detail,
        ) from failure


def import_images(
    engine: Engine, programs: Programs, recipes: tuple[Recipe, ...], file: Path, progress: Progress
) -> None:
    """Load an archive of `export_images` into the engine, and the kind program into the cache.

    Raises `WorldError` if the file cannot be read, or if it lacks an image of these recipes.
    """
    try:
        with timed(progress, f"loading images from {file}"):
            engine.load_images(file)
    except CommandFailed as failure:
        raise WorldError(
            f"the images in {file} could not be loaded: {' '.join(failure.stderr.split()) or failure.message}",
            remedy="the file must be one that `kubeproof images export` has written",
            detail=failure.detail,
        ) from failure
    missing = [recipe.name for recipe in recipes if not engine.has_image(recipe.tag)]
    if missing:
        raise WorldError(
            f"{file} lacks these images of this version of Kubeproof: {', '.join(missing)}",
            remedy="export with the same version of Kubeproof and the same --kubernetes",
        )
    if kind_recipe() in recipes and not programs.has(KIND):
        _unpack_kind(engine, programs)


def _unpack_kind(engine: Engine, programs: Programs) -> None:
    """Copy the kind program from its image into the cache."""
    container = engine.create_container(kind_recipe().tag, build_labels())
    directory = programs.directory(KIND)
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".building-") as scratch:
            unpacked = Path(scratch) / "bin"
            unpacked.mkdir()
            engine.copy_out(container, "/kind", unpacked / "kind")
            unpacked.rename(directory)
    finally:
        engine.remove_container(container)
