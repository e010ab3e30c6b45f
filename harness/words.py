"""Wording that several sentences of evidence share."""

from __future__ import annotations

from collections.abc import Mapping


def list_of(figures: Mapping[str, object]) -> str:
    """Return the figures as a list for a sentence: `sick: 3, spared: 0`."""
    return ", ".join(f"{name}: {figure}" for name, figure in figures.items())
