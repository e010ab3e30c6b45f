"""What is there already: images in the engine, programs in the cache. Nothing is built or pulled twice."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.doctor.facts import EngineSeen, Facts
from clusters.errors import CommandFailed
from clusters.images.recipes import KIND, recipe_book
from clusters.spec import Source, Substrate


@dataclass(frozen=True, slots=True)
class Stock:
    """The images of one source: `complete` if the engine has all of them."""

    source: Source
    complete: bool

    @property
    def built(self) -> bool:
        return self.source is Source.BUILT

    @classmethod
    def of(cls, facts: Facts, source: Source, substrates: frozenset[Substrate] = frozenset()) -> Stock:
        """Ask the engine for the images that a cluster of this source is made of."""
        release = facts.release
        if release is None or not isinstance(facts.engine, EngineSeen):
            return cls(source, complete=False)
        book = recipe_book(facts.lock, release)
        wanted = [book.node.tag, book.load.tag] if source is Source.BUILT else [release.node_image]
        if Substrate.UML in substrates:
            wanted.append(book.director.tag)
        return cls(source, complete=all(_has_image(facts, tag) for tag in wanted))


def kind_is_built(facts: Facts) -> bool:
    """True if an earlier run has built kind."""
    cache = facts.host.env("XDG_CACHE_HOME") or f"{facts.host.home()}/.cache"
    return facts.host.exists(f"{cache}/kubeproof/programs/{KIND.name}-{KIND.digest}/kind")


def _has_image(facts: Facts, reference: str) -> bool:
    if not reference:
        return False
    try:
        return bool(facts.host.run("docker", "images", "--quiet", reference, timeout_s=10).stdout.strip())
    except CommandFailed:
        return False
