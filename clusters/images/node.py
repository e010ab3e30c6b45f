"""The last step of a node image: the images that its pods will ask for, put into its own containerd."""

from __future__ import annotations

import tempfile
from pathlib import Path

from clusters.engine import Engine
from clusters.images.recipes import Recipe
from clusters.ownership import OWNER_LABEL, build_labels

CONTAINERD_START_TIMEOUT_S = 30
ENTRYPOINT = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
NO_OWNER = f'LABEL {OWNER_LABEL}=""'
"""A container's labels go over to what is made of it; the node belongs to nobody who has built its image."""


def import_parts(engine: Engine, empty: str, recipe: Recipe) -> None:
    """Make `recipe.tag` of the image `empty` and of `recipe.parts`.

    The images are kept packed: an overlay cannot be unpacked within the engine's own overlay, so a node
    unpacks what it uses when it first uses it.
    """
    container = engine.start_container(
        "--privileged", "--entrypoint=/usr/local/bin/containerd", empty, labels=build_labels()
    )
    try:
        _wait_containerd_answers(engine, container)
        with tempfile.TemporaryDirectory(prefix="kubeproof-parts-") as scratch:
            archive = Path(scratch) / "parts.tar"
            engine.save_images(tuple(part.tag for part in recipe.parts), archive)
            engine.copy_in(archive, container, "/parts.tar")
        _ctr(engine, container, "import", "--no-unpack", "/parts.tar")
        engine.exec(container, "rm", "/parts.tar")
        for part in recipe.parts:
            _ctr(engine, container, "tag", "--force", f"docker.io/{part.tag}", part.reference)
            _ctr(engine, container, "rm", f"docker.io/{part.tag}")
        engine.exec(container, "rm", "-rf", "/run/containerd")
        engine.commit(container, recipe.tag, (ENTRYPOINT, NO_OWNER))
    finally:
        engine.remove_container(container)


def _ctr(engine: Engine, container: str, *argv: str) -> None:
    engine.exec(container, "ctr", "--namespace=k8s.io", "images", *argv, timeout_s=600)


def _wait_containerd_answers(engine: Engine, container: str) -> None:
    """`ctr` waits for the socket's answer by itself; the socket only has to be there."""
    engine.exec(
        container,
        *("timeout", str(CONTAINERD_START_TIMEOUT_S), "bash", "-c"),
        "until ctr version >/dev/null 2>&1; do sleep 0.1; done",
    )
