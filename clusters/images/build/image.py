"""The last task of an image: its files in one directory, and the engine's build of it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.engine import Engine
from clusters.errors import BuildFailed, CommandFailed
from clusters.host.ownership import RECIPE_LABEL, build_labels
from clusters.images.build.node import import_parts
from clusters.images.build.programs import Programs
from clusters.images.build.python import PythonPackages
from clusters.images.recipes import Recipe


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """Builds images whose programs, packages, base layers and parts are there."""

    engine: Engine
    programs: Programs
    python: PythonPackages

    def has(self, recipe: Recipe) -> bool:
        return self.engine.has_image(recipe.tag)

    def build(self, recipe: Recipe) -> None:
        """Build an image. Raises `BuildFailed`."""
        try:
            with tempfile.TemporaryDirectory(prefix="kubeproof-image-") as scratch:
                context = Path(scratch) / recipe.name
                self._collect(recipe, context)
                self._build(recipe, context)
        except CommandFailed as failure:
            raise BuildFailed(
                f"image {recipe.name} did not build: {failure.message}",
                remedy="the log has the engine's complete output; `kubeproof doctor` checks disk and engine",
                detail=failure.detail,
            ) from failure

    def _collect(self, recipe: Recipe, context: Path) -> None:
        """Put all files that the Dockerfile copies into one directory."""
        shutil.copytree(recipe.directory, context, ignore=shutil.ignore_patterns("__pycache__"))
        (context / "bin").mkdir(exist_ok=True)
        for module in recipe.modules:
            built = self.programs.directory(module)
            for program in sorted(set(recipe.programs) & {file.name for file in built.iterdir()}):
                shutil.copy2(built / program, context / "bin" / program)
        if recipe.requirements is not None:
            shutil.copytree(self.python.directory(recipe.requirements), context / "python")
        for image, path in recipe.copied:
            self._copy_out(image, path, context / "bin")

    def _copy_out(self, image: str, path: str, target: Path) -> None:
        """Copy a program out of another project's image, which the engine pulls if it lacks it."""
        container = self.engine.create_container(image, build_labels())
        try:
            self.engine.copy_out(container, path, target)
        finally:
            self.engine.remove_container(container)

    def _build(self, recipe: Recipe, context: Path) -> None:
        base = recipe.base_tag if recipe.packages else recipe.base
        stages = {argument: stage.tag for argument, stage in recipe.stages}
        arguments = dict(recipe.arguments) | stages | ({"BASE": base} if base else {})
        # A node image is complete only with the images of its pods in it, so its own tag is set last.
        tag = f"{recipe.tag}-empty" if recipe.parts else recipe.tag
        labels = {RECIPE_LABEL: recipe.name}
        self.engine.build_image(context, tag, arguments, labels, yielding=recipe.compiles)
        if recipe.parts:
            import_parts(self.engine, tag, recipe)
            self.engine.remove_image(tag)
