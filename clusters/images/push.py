"""Pushing to a registry what cases need on the nodes of an existing cluster."""

from __future__ import annotations

from contextlib import suppress

from clusters.engine import Engine
from clusters.errors import CommandFailed, WorldError
from clusters.images.build import Builder
from clusters.images.recipes import Recipe
from clusters.progress import Progress, timed

DOCKER_HUB = "docker.io/"
"""An image of Docker Hub has this name with the engine also without it."""


def push_images(
    engine: Engine, builder: Builder, recipes: tuple[Recipe, ...], prefix: str, progress: Progress
) -> dict[str, str]:
    """Build what is not there, push all of it below `prefix`, and return the references by the recipes' names.

    Each is tagged with its recipe's digest, so that a tag keeps its meaning. Raises `BuildFailed`, `WorldError`.
    """
    references = {}
    for recipe in recipes:
        tag = builder.ensure(recipe, progress)
        references[recipe.name] = f"{prefix}/{recipe.name}:{recipe.digest}"
        with timed(progress, f"pushing {references[recipe.name]}"):
            _push(engine, tag, references[recipe.name])
    return references


def _push(engine: Engine, tag: str, reference: str) -> None:
    engine.tag_image(tag, reference)
    try:
        engine.push_image(reference)
    except CommandFailed as failure:
        registry = reference.partition("/")[0]
        raise WorldError(
            f"image {reference} could not be pushed: {' '.join(failure.stderr.split()) or failure.message}",
            remedy=f"`docker login {registry}`; the engine speaks plain HTTP only to registries on its own host or in "
            "its insecure-registries",
            detail=failure.detail,
        ) from failure
    finally:
        if reference.removeprefix(DOCKER_HUB) != tag:
            with suppress(CommandFailed):  # a name too many does no harm, and must not hide why the push failed
                engine.remove_image(reference)
