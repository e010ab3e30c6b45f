"""Build of images from recipes. Each image is built once and tagged with the digest of its recipe."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.engine import Engine
from clusters.errors import BuildFailed, CommandFailed
from clusters.host.command import Commands
from clusters.host.ownership import build_labels
from clusters.host.progress import Progress, timed
from clusters.images.node import import_parts
from clusters.images.programs import Programs
from clusters.images.recipes import DEBIAN, Recipe
from clusters.images.rootfs import bootstrap

PIP_TIMEOUT_S = 600.0
LABEL = "io.kubeproof.recipe"


@dataclass(frozen=True, slots=True)
class Builder:
    """A builder of images: it gets programs from `programs` and stores images in the engine."""

    engine: Engine
    commands: Commands
    programs: Programs

    def ensure(self, recipe: Recipe, progress: Progress) -> str:
        """Return the tag of the recipe's image, after building it if the engine lacks it. Raises `BuildFailed`."""
        if self.engine.has_image(recipe.tag):
            return recipe.tag
        for part in recipe.parts:
            self.ensure(part, progress)
        with tempfile.TemporaryDirectory(prefix="kubeproof-image-") as scratch:
            context = Path(scratch) / recipe.name
            self._prepare_context(recipe, context, progress)
            base = self._ensure_base(recipe, progress)
            with timed(progress, f"building image {recipe.tag}"):
                self._build(recipe, context, base)
        return recipe.tag

    def _prepare_context(self, recipe: Recipe, context: Path, progress: Progress) -> None:
        """Put all files that the Dockerfile copies into one directory."""
        shutil.copytree(recipe.directory, context, ignore=shutil.ignore_patterns("__pycache__"))
        for module in recipe.modules:
            binaries = self.programs.ensure(module, progress)
            for program in sorted(set(recipe.programs) & {file.name for file in binaries.iterdir()}):
                (context / "bin").mkdir(exist_ok=True)
                shutil.copy2(binaries / program, context / "bin" / program)
        if (context / "requirements.txt").exists():
            self._install_python(context, progress)
        for image, path in recipe.copied:
            (context / "bin").mkdir(exist_ok=True)
            self._copy_out(image, path, context / "bin")

    def _copy_out(self, image: str, path: str, target: Path) -> None:
        """Copy a program out of another project's image, which the engine pulls if it lacks it."""
        container = self.engine.create_container(image, build_labels())
        try:
            self.engine.copy_out(container, path, target)
        finally:
            self.engine.remove_container(container)

    def _install_python(self, context: Path, progress: Progress) -> None:
        """Download the pinned packages for Debian's Python, which need not be the version that runs Kubeproof."""
        with timed(progress, "downloading Python packages of the load image"):
            try:
                self.commands.run(
                    *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"),
                    *(
                        "--python-version=3.11",
                        "--implementation=cp",
                        "--abi=cp311",
                        "--abi=abi3",
                        "--abi=none",
                    ),
                    *("--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64"),
                    *("--platform=manylinux2014_x86_64", "--platform=any"),
                    *(f"--target={context / 'python'}", f"--requirement={context / 'requirements.txt'}"),
                    timeout_s=PIP_TIMEOUT_S,
                )
            except CommandFailed as failure:
                raise BuildFailed(
                    f"Python packages of the load image: {failure.message}",
                    remedy="pip must be able to reach the package index",
                    detail=failure.detail,
                ) from failure

    def _ensure_base(self, recipe: Recipe, progress: Progress) -> str:
        if not recipe.packages:
            return recipe.base
        if self.engine.has_image(recipe.base_tag):
            return recipe.base_tag
        if recipe.base:
            with timed(progress, f"installing {len(recipe.packages)} Debian packages for {recipe.name}"):
                self._install_debian(recipe)
        else:
            with (
                timed(progress, f"unpacking {len(recipe.packages)} Debian packages for {recipe.name}"),
                tempfile.TemporaryDirectory(prefix="kubeproof-rootfs-") as scratch,
            ):
                archive = Path(scratch) / "rootfs.tar"
                bootstrap(self.commands, recipe.suite, recipe.packages, archive)
                self.engine.import_image(archive, recipe.base_tag)
        return recipe.base_tag

    def _install_debian(self, recipe: Recipe) -> None:
        arguments = {"BASE": recipe.base, "PACKAGES": " ".join(recipe.packages)}
        try:
            self.engine.build_image(DEBIAN, recipe.base_tag, arguments, {LABEL: recipe.name})
        except CommandFailed as failure:
            raise BuildFailed(
                f"Debian packages of image {recipe.name} could not be installed: {failure.message}",
                remedy="containers must be able to reach a Debian mirror; --image-source=built uses the host's mirror",
                detail=failure.detail,
            ) from failure

    def _build(self, recipe: Recipe, context: Path, base: str) -> None:
        arguments = dict(recipe.arguments) | ({"BASE": base} if base else {})
        # A node image is complete only with the images of its pods in it, so its own tag is set last.
        tag = f"{recipe.tag}-empty" if recipe.parts else recipe.tag
        try:
            self.engine.build_image(context, tag, arguments, {LABEL: recipe.name})
            if recipe.parts:
                import_parts(self.engine, tag, recipe)
                self.engine.remove_image(tag)
        except CommandFailed as failure:
            raise BuildFailed(
                f"image {recipe.name} did not build: {failure.message}",
                remedy="the log has the engine's complete output; `kubeproof doctor` checks disk and engine",
                detail=failure.detail,
            ) from failure
