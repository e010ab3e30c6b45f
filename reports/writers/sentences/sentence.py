"""A sentence about a finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a finding says, in one or more sentences, and the `method` that says how sure it is."""

    statement: str
    method: str
