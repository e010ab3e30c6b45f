"""Registries on nodes: the nodes' containerd configuration for a registry, and its images on the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from clusters.cluster import Node
from harness.kube.nodes.shell import NodeShell

HOSTS = "/etc/containerd/certs.d"
"""The folder that containerd reads at every pull, set in config.toml on our nodes and, since kind 0.27, on kind's.

https://github.com/kubernetes-sigs/kind/blob/v0.33.0/site/static/examples/kind-with-registry.sh
"""

CTR_IMAGES = ("ctr", "--namespace=k8s.io", "images")


@contextmanager
def registry_configured(shell: NodeShell, nodes: tuple[Node, ...], host: str, url: str) -> Iterator[None]:
    """Configure every node to find registry `host` at `url`, which may be plain HTTP, while the block lasts.

    At the end of the block, removes the configuration and the images that the nodes have pulled from the registry.
    https://github.com/containerd/containerd/blob/main/docs/hosts.md
    """
    folder = f"{HOSTS}/{host}"
    with ExitStack() as undo:
        for node in nodes:
            undo.callback(shell.run, node, "rm", "-rf", folder)
            undo.callback(remove_images, shell, node, host)
            script = 'mkdir -p "$1" && echo "server = \\"$2\\"" > "$1/hosts.toml"'
            shell.run(node, "sh", "-c", script, "sh", folder, url)
        yield


def remove_images(shell: NodeShell, node: Node, host: str) -> None:
    """Remove a registry's images from a node. Having none is a success."""
    names = images_of(shell.run(node, *CTR_IMAGES, "list"), host)
    if names:
        shell.run(node, *CTR_IMAGES, "rm", *names)


def images_of(listing: str, host: str) -> tuple[str, ...]:
    """Return all names of a registry's images in the output of `ctr images list`, including names by image id."""
    images = [line.split()[:3] for line in listing.splitlines()[1:]]
    targets = {digest for name, _, digest in images if name.startswith(f"{host}/")}
    return tuple(name for name, _, digest in images if digest in targets)
