"""Which images a kind cluster is made of: built here, or the ecosystem's own by digest."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.cluster import CaseImages
from clusters.engine import Engine
from clusters.images.build import Builder
from clusters.images.lock import Lock
from clusters.images.recipes import Recipe, RecipeBook, StockBook, recipe_book, stock_book
from clusters.progress import Progress
from clusters.spec import ClusterSpec, Source, Substrate


@dataclass(frozen=True, slots=True)
class ImageSet:
    """References for one cluster.

    `to_load` are images that only the engine has, by its own tags, and every node needs.
    """

    node: str
    metrics_server: str
    director: str
    cases: CaseImages
    to_load: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Images:
    """Finds or makes the images of a spec."""

    engine: Engine
    lock: Lock
    builder: Builder

    def ensure(self, spec: ClusterSpec, progress: Progress) -> ImageSet:
        """All images that are made here in the engine, made now if need be. Raises `BuildFailed`.

        A stock node image is pulled by kind, and what runs on it by its nodes.
        """
        release = self.lock.release(spec.kubernetes)
        if spec.source is Source.BUILT:
            book = recipe_book(self.lock, release)
            wanted = (book.node, *book.beside)
        else:
            stock = stock_book(self.lock, release)
            wanted = (*_made_node(spec, stock), *_loaded(spec, stock), *stock.beside)
        for recipe in wanted:
            self.builder.ensure(recipe, progress)
        return self.present(spec)

    def present(self, spec: ClusterSpec) -> ImageSet:
        """The references alone."""
        return self._built(spec) if spec.source is Source.BUILT else self._stock(spec)

    def _built(self, spec: ClusterSpec) -> ImageSet:
        book = recipe_book(self.lock, self.lock.release(spec.kubernetes))
        parts = {part.name: part.reference for part in book.node.parts}
        return ImageSet(
            node=book.node.tag,
            metrics_server=parts["metrics-server"],
            director=book.director.reference,
            cases=case_images(book),
        )

    def _stock(self, spec: ClusterSpec) -> ImageSet:
        release = self.lock.release(spec.kubernetes)
        stock = stock_book(self.lock, release)
        made = _made_node(spec, stock)
        return ImageSet(
            node=made[0].tag if made else release.node_image,
            metrics_server=self.lock.metrics_server_image,
            director=stock.director.tag,
            cases=CaseImages(
                agnhost=self.lock.agnhost_image,
                load=stock.load.tag,
                outside=stock.load.tag,
                haproxy=stock.haproxy.tag,
                registry=stock.registry.tag,
                metallb_controller=self.lock.metallb_controller_image,
                metallb_speaker=self.lock.metallb_speaker_image,
                traefik=self.lock.traefik_image,
            ),
            to_load=tuple(recipe.tag for recipe in _loaded(spec, stock)),
        )


def case_images(book: RecipeBook) -> CaseImages:
    """What the nodes of source `built` have in their containerd, and the engine beside them."""
    parts = {part.name: part.reference for part in book.node.parts}
    return CaseImages(
        agnhost=parts["agnhost"],
        load=parts["load"],
        outside=book.load.tag,
        haproxy=book.haproxy.tag,
        registry=book.registry.tag,
        metallb_controller=parts["metallb-controller"],
        metallb_speaker=parts["metallb-speaker"],
        traefik=parts["traefik"],
    )


def _made_node(spec: ClusterSpec, stock: StockBook) -> tuple[Recipe, ...]:
    """The node image that has to be made; none where kind's own will do.

    Cases about ipvs run in a cluster of any mode, so that every node of substrate `host` has what reads it.
    """
    return (stock.ipvs_node,) if spec.substrate is Substrate.HOST else ()


def _loaded(spec: ClusterSpec, stock: StockBook) -> tuple[Recipe, ...]:
    """What pods on stock nodes need and only the engine has."""
    return (stock.load, stock.director) if spec.substrate is Substrate.UML else (stock.load,)
