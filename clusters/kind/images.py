"""Which images a kind cluster is made of: built here, or the ecosystem's own by digest."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.cluster import CaseImages
from clusters.engine import Engine
from clusters.images.build import Builder
from clusters.images.lock import Lock
from clusters.images.recipes import RecipeBook, recipe_book
from clusters.progress import Progress
from clusters.spec import ClusterSpec, Source


@dataclass(frozen=True, slots=True)
class ImageSet:
    """References for one cluster; `metrics_manifest` is where metrics-server's own manifests are."""

    node: str
    metrics_server: str
    director: str
    cases: CaseImages
    metrics_manifest: str


@dataclass(frozen=True, slots=True)
class Images:
    """Finds or makes the images of a spec."""

    engine: Engine
    lock: Lock
    builder: Builder

    def ensure(self, spec: ClusterSpec, progress: Progress) -> ImageSet:
        """All images in the engine, built now if need be. Raises `BuildFailed`."""
        book = self._book(spec)
        if spec.source is Source.BUILT:
            self.builder.ensure(book.node, progress)
            self.builder.ensure(book.load, progress)
        return self.present(spec)

    def present(self, spec: ClusterSpec) -> ImageSet:
        """The references alone."""
        release = self.lock.release(spec.kubernetes)
        book = self._book(spec)
        if spec.source is Source.BUILT:
            parts = {part.name: part.reference for part in book.node.parts}
            return ImageSet(
                node=book.node.tag,
                metrics_server=parts["metrics-server"],
                director=book.director.reference,
                cases=CaseImages(parts["agnhost"], parts["load"], outside=book.load.tag),
                metrics_manifest="/kind/manifests/metrics-server.yaml",
            )
        return ImageSet(
            node=release.node_image,
            metrics_server=self.lock.metrics_server_image,
            director=book.director.tag,
            cases=CaseImages(self.lock.agnhost_image, book.load.reference, outside=book.load.tag),
            metrics_manifest=self.lock.metrics_server_manifest,
        )

    def _book(self, spec: ClusterSpec) -> RecipeBook:
        return recipe_book(self.lock, self.lock.release(spec.kubernetes))
