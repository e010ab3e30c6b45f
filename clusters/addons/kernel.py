"""Kubeproof's own kernel for the IPVS director on substrate `uml`: one file, copied from its image into every node."""

from __future__ import annotations

import tempfile
from pathlib import Path

from clusters.addons.uml import KERNEL_DIRECTORY
from clusters.cluster import Node
from clusters.engine import Engine
from clusters.host.ownership import build_labels
from clusters.images.recipes import Recipe

FILE = "/linux"
"""The kernel in its image."""


def install_kernel(engine: Engine, nodes: tuple[Node, ...], recipe: Recipe) -> bool:
    """Copy the kernel into every node; return False if the engine does not have its image. Raises `CommandFailed`."""
    if not engine.has_image(recipe.tag):
        return False
    with tempfile.TemporaryDirectory(prefix="kubeproof-kernel-") as scratch:
        kernel = Path(scratch) / "linux"
        container = engine.create_container(recipe.tag, build_labels())
        try:
            engine.copy_out(container, FILE, kernel)
        finally:
            engine.remove_container(container)
        for node in nodes:
            engine.exec(node.name, "mkdir", "--parents", KERNEL_DIRECTORY)
            engine.copy_in(kernel, node.name, KERNEL_DIRECTORY)
    return True
