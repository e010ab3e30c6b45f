"""Push of the images that cases need on the nodes of an existing cluster to a registry."""

from __future__ import annotations

from contextlib import suppress

from clusters.engine import Engine
from clusters.errors import CommandFailed, WorldError
from clusters.host.progress import Progress, timed
from clusters.images.build.builder import Builder
from clusters.images.recipes import Recipe

DOCKER_HUB = "docker.io/"
"""The prefix of Docker Hub, which the engine omits: with and without it a reference is the same."""


def push_images(
    engine: Engine, builder: Builder, recipes: tuple[Recipe, ...], prefix: str, progress: Progress
) -> dict[str, str]:
    """Build the images that the engine lacks, push all below `prefix`, and return the references by recipe name.

    Each is tagged with its recipe's digest, so that a tag always means the same image. Raises `BuildFailed`,
    `WorldError`.
    """
    references = {}
    builder.ensure(recipes, progress)
    for recipe in recipes:
        references[recipe.name] = f"{prefix}/{recipe.name}:{recipe.digest}"
        with timed(progress, f"pushing {references[recipe.name]}"):
            _push(engine, recipe.tag, references[recipe.name])
    return references


def _push(engine: Engine, tag: str, reference: str) -> None:
    engine.tag_image(tag, reference)
    try:
        engine.push_image(reference)
    except CommandFailed as failure:
        registry = reference.partition("/")[0]
        raise WorldError(
            f"image {reference} could not be pushed: {' '.join(failure.stderr.split()) or failure.message}",
            remedy=f"`docker login {registry}`; the engine uses plain HTTP only for registries on its own host or in "
            "its insecure-registries",
            detail=failure.detail,
        ) from failure
    finally:
        if reference.removeprefix(DOCKER_HUB) != tag:
            with suppress(CommandFailed):  # a leftover name is harmless, and must not hide the reason of a failed push
                engine.remove_image(reference)
