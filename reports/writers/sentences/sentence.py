"""A sentence about a finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """The statement about a finding, in one or more sentences, and the `method` behind it: how sure it is."""

    statement: str
    method: str
