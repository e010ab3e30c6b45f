"""Base layers of images: Debian packages, as a root file system or installed on an image of a registry."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.engine import Engine
from clusters.errors import BuildFailed, CommandFailed
from clusters.host.command import Commands
from clusters.host.ownership import RECIPE_LABEL
from clusters.images.build.rootfs import bootstrap
from clusters.images.recipes import DEBIAN, Recipe


@dataclass(frozen=True, slots=True)
class Bases:
    """The base layers of recipes, which are images of the engine. Recipes with equal packages share one."""

    engine: Engine
    commands: Commands

    def has(self, recipe: Recipe) -> bool:
        return self.engine.has_image(recipe.base_tag)

    def build(self, recipe: Recipe) -> None:
        """Build the base layer of a recipe that has packages. Raises `BuildFailed`."""
        if recipe.base:
            self._install(recipe)
            return
        with tempfile.TemporaryDirectory(prefix="kubeproof-rootfs-") as scratch:
            archive = Path(scratch) / "rootfs.tar"
            bootstrap(self.commands, recipe.suite, recipe.packages, archive)
            self.engine.import_image(archive, recipe.base_tag)

    def _install(self, recipe: Recipe) -> None:
        arguments = {"BASE": recipe.base, "PACKAGES": " ".join(recipe.packages)}
        try:
            self.engine.build_image(DEBIAN, recipe.base_tag, arguments, {RECIPE_LABEL: recipe.name})
        except CommandFailed as failure:
            raise BuildFailed(
                f"Debian packages of image {recipe.name} could not be installed: {failure.message}",
                remedy="containers must be able to reach a Debian mirror; --image-source=built uses the host's mirror",
                detail=failure.detail,
            ) from failure
