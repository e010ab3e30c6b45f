"""The images of a kind cluster: built on this host, or pulled from registries by digest."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.cluster import CaseImages
from clusters.engine import Engine
from clusters.host.progress import Progress
from clusters.images.build.builder import Builder
from clusters.images.lock import KubernetesRelease, Lock
from clusters.images.recipes import Recipe, RecipeBook, StockBook, kernel_recipe, recipe_book, stock_book
from clusters.spec import ClusterSpec, Source, Substrate, needs_own_kernel


@dataclass(frozen=True, slots=True)
class ImageSet:
    """The image references for one cluster.

    `to_load` are images that every node needs and only the engine has, by the engine's own tags.
    """

    node: str
    metrics_server: str
    director: str
    cases: CaseImages
    to_load: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Images:
    """The images that the clusters of each spec need."""

    engine: Engine
    lock: Lock
    builder: Builder

    def ensure(self, spec: ClusterSpec, progress: Progress) -> ImageSet:
        """Build the images that the cluster itself needs and the engine lacks, and return the references of all images.

        kind pulls a stock node image, and the nodes pull the images of their pods. Images that only few cases need
        may still be missing, see `background_recipes`. Raises `BuildFailed`.
        """
        release = self.lock.release(spec.kubernetes)
        if spec.source is Source.BUILT:
            book = recipe_book(self.lock, release)
            own_kernel = (self.kernel,) if needs_own_kernel(spec.substrate, spec.mode) else ()
            wanted = (*book.before_cluster, *own_kernel)
        else:
            stock = stock_book(self.lock, release)
            wanted = (*_built_node(spec, stock), *_loaded(spec, stock))
        self.builder.ensure(wanted, progress)
        return self.present(spec)

    def in_background(self, source: Source, kubernetes: str) -> dict[str, Recipe]:
        """Return the recipes of `background_recipes` for a version of the lock file."""
        return background_recipes(self.lock, self.lock.release(kubernetes), source)

    def built_meanwhile(self, spec: ClusterSpec) -> tuple[Recipe, ...]:
        """Return the recipes of all images that are built while the cases of a cluster run."""
        return built_meanwhile(self.lock, self.lock.release(spec.kubernetes), spec.source, spec.substrate)

    @property
    def kernel(self) -> Recipe:
        """Return the recipe of the kernel that the IPVS director prefers to Debian's."""
        return kernel_recipe(self.lock)

    def present(self, spec: ClusterSpec) -> ImageSet:
        """Return the references without building anything."""
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
        built = _built_node(spec, stock)
        return ImageSet(
            node=built[0].tag if built else release.node_image,
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
    """Return the references that cases use with source `built`: in the nodes' containerd, and in the engine."""
    parts = {part.name: part.reference for part in book.node.parts}
    return CaseImages(
        agnhost=parts["agnhost"],
        load=parts["load"],
        outside=book.load.tag,
        haproxy=book.haproxy.tag,
        registry=book.registry.tag,
        metallb_controller=book.metallb_controller.tag,
        metallb_speaker=book.metallb_speaker.tag,
        traefik=book.traefik.tag,
    )


def background_recipes(lock: Lock, release: KubernetesRelease, source: Source) -> dict[str, Recipe]:
    """Return the recipes of the images that are built while cases run, by field of `CaseImages`."""
    book = recipe_book(lock, release) if source is Source.BUILT else stock_book(lock, release)
    return book.in_background


def built_meanwhile(lock: Lock, release: KubernetesRelease, source: Source, substrate: Substrate) -> tuple[Recipe, ...]:
    """Return the recipes of all images that are built while cases run, in that order.

    The kernel of the IPVS director comes last: it serves later runs, this one has begun with Debian's.
    """
    kernel = (kernel_recipe(lock),) if (source, substrate) == (Source.BUILT, Substrate.UML) else ()
    return (*background_recipes(lock, release, source).values(), *kernel)


IN_CLUSTER = ("metallb_controller", "metallb_speaker", "traefik")
"""Those of them that pods use, so that nodes need them."""


def _built_node(spec: ClusterSpec, stock: StockBook) -> tuple[Recipe, ...]:
    """Return the recipe of the node image; none if kind's own image is sufficient.

    Cases about ipvs run in a cluster of any mode, so every node of substrate `host` needs the tools that read ipvs.
    """
    return (stock.ipvs_node,) if spec.substrate is Substrate.HOST else ()


def _loaded(spec: ClusterSpec, stock: StockBook) -> tuple[Recipe, ...]:
    """Return the recipes of the images that pods on stock nodes need and that only the engine has."""
    return (stock.load, stock.director) if spec.substrate is Substrate.UML else (stock.load,)
