"""The plan of a build: the tasks for everything that recipes need and that is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from clusters.images.build.bases import Bases
from clusters.images.build.image import ImageBuild
from clusters.images.build.programs import Programs
from clusters.images.build.python import PythonPackages
from clusters.images.build.tasks import Lane, Task
from clusters.images.module import Module
from clusters.images.recipes import Recipe

COMPILE_S = {
    "kubernetes-1.37": 440.0,
    "kubernetes-1.35": 440.0,
    "traefik": 300.0,
    "metallb": 100.0,
    "containerd": 56.0,
    "distribution": 30.0,
    "coredns": 14.0,
    "metrics-server": 11.0,
    "pause": 1.0,
}
PACKAGES_S, PYTHON_S, IMAGE_S, NODE_S, KERNEL_S = 50.0, 10.0, 2.0, 40.0, 250.0
"""The usual durations of tasks, in seconds, on a host with 2 cores (AMD EPYC). Only estimates depend on them."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans the builds of images."""

    programs: Programs
    bases: Bases
    python: PythonPackages
    images: ImageBuild

    def tasks(self, recipes: tuple[Recipe, ...]) -> tuple[Task, ...]:
        """Return the tasks for all images that the engine lacks; tasks with equal names are the same task."""
        return tuple({task.name: task for recipe in recipes for task in self._tasks(recipe)}.values())

    def _tasks(self, recipe: Recipe) -> Iterator[Task]:
        if self.images.has(recipe):
            return
        others = (*recipe.parts, *(stage for _, stage in recipe.stages))
        before = [*self._ingredients(recipe), *(task for other in others for task in self._tasks(other))]
        yield from before
        yield Task(
            f"image {recipe.tag}",
            Lane.COMPILER if recipe.compiles else Lane.ENGINE,
            KERNEL_S if recipe.compiles else NODE_S if recipe.parts else IMAGE_S,
            partial(self.images.build, recipe),
            frozenset(task.name for task in before),
        )

    def _ingredients(self, recipe: Recipe) -> Iterator[Task]:
        for module in recipe.modules:
            if not self.programs.has(module):
                yield self._compile(module)
        if recipe.packages and not self.bases.has(recipe):
            name = f"base layer {recipe.base_tag} of {len(recipe.packages)} Debian packages"
            yield Task(name, Lane.PACKAGES, PACKAGES_S, partial(self.bases.build, recipe))
        if recipe.requirements is not None and not self.python.has(recipe.requirements):
            name = f"Python packages of {recipe.name}"
            yield Task(name, Lane.PACKAGES, PYTHON_S, partial(self.python.build, recipe.requirements))

    def _compile(self, module: Module) -> Task:
        cost_s = COMPILE_S.get(module.name, 60.0)
        return Task(f"Go programs of {module.name}", Lane.COMPILER, cost_s, partial(self.programs.build, module))
