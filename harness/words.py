"""Figures as a sentence of evidence tells them."""

from __future__ import annotations

from collections.abc import Mapping


def listed(figures: Mapping[str, object]) -> str:
    """What was seen of each: `sick: 3, spared: 0`."""
    return ", ".join(f"{name}: {figure}" for name, figure in figures.items())
