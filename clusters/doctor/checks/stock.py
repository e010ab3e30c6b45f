"""Images that the engine already has and programs that are already in the cache, which need not be made again."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.doctor.facts import Facts
from clusters.errors import CommandFailed
from clusters.host.engineinfo import EngineInfo
from clusters.images.recipes import KIND, recipe_book, stock_book
from clusters.spec import Source, Substrate


@dataclass(frozen=True, slots=True)
class Stock:
    """The images of one source; `complete` is True if the engine has all of them."""

    source: Source
    complete: bool

    @property
    def built(self) -> bool:
        return self.source is Source.BUILT

    @classmethod
    def of(cls, facts: Facts, source: Source, substrates: frozenset[Substrate] = frozenset()) -> Stock:
        """Return the state of the images that a cluster of this source needs, as the engine reports it."""
        release = facts.release
        if release is None or not isinstance(facts.engine, EngineInfo):
            return cls(source, complete=False)
        if source is Source.BUILT:
            book = recipe_book(facts.lock, release)
            wanted = [recipe.tag for recipe in (*book.before_cluster, *book.in_background.values())]
        else:
            stock = stock_book(facts.lock, release)
            wanted = [release.node_image, *(recipe.tag for recipe in (stock.load, *stock.in_background.values()))]
            wanted += [stock.director.tag] if Substrate.UML in substrates else []
            wanted += [] if substrates == {Substrate.UML} else [stock.ipvs_node.tag]
        return cls(source, complete=all(_has_image(facts, tag) for tag in wanted))


def kind_is_built(facts: Facts) -> bool:
    """Return True if an earlier run has built kind."""
    cache = facts.host.env("XDG_CACHE_HOME") or f"{facts.host.home()}/.cache"
    return facts.host.exists(f"{cache}/kubeproof/programs/{KIND.name}-{KIND.digest}/kind")


def _has_image(facts: Facts, reference: str) -> bool:
    if not reference:
        return False
    try:
        facts.host.run("docker", "image", "inspect", "--format={{.Id}}", reference, timeout_s=10)
    except CommandFailed:
        return False
    return True
