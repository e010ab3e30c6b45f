"""A fake `Progress` that records its messages."""

from __future__ import annotations


class SilentProgress:
    """A `Progress` that records steps and notes and prints nothing."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.notes: list[str] = []

    def step(self, title: str) -> None:
        self.steps.append(title)

    def note(self, text: str) -> None:
        self.notes.append(text)
