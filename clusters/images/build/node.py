"""The last step of building a node image: import of the images that its pods need into its containerd."""

from __future__ import annotations

import tempfile
from pathlib import Path

from clusters.engine import Engine
from clusters.host.ownership import OWNER_LABEL, build_labels
from clusters.images.recipes import Recipe

CONTAINERD_START_TIMEOUT_S = 30
ENTRYPOINT = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
NO_OWNER = f'LABEL {OWNER_LABEL}=""'
"""An instruction that clears the owner. `docker commit` copies the container's labels to the image, but a node must not
belong to the process that built its image."""


def import_parts(engine: Engine, empty: str, recipe: Recipe) -> None:
    """Create the image `recipe.tag` from the image `empty` and the images of `recipe.parts`.

    The imported images stay packed, because an overlay cannot be unpacked within the engine's own overlay. A node
    unpacks an image when it first uses it.
    """
    container = engine.start_container(
        "--privileged", "--entrypoint=/usr/local/bin/containerd", empty, labels=build_labels()
    )
    try:
        _wait_containerd_responds(engine, container)
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


def _wait_containerd_responds(engine: Engine, container: str) -> None:
    """Wait until containerd responds on its socket. `ctr` itself waits for the response once the socket exists."""
    engine.exec(
        container,
        *("timeout", str(CONTAINERD_START_TIMEOUT_S), "bash", "-c"),
        "until ctr version >/dev/null 2>&1; do sleep 0.1; done",
    )
