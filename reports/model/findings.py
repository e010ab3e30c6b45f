"""A conclusion of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SELF_CHECK = "self-check"
"""The kind of findings about a measurement's check of itself; `numbers["holds"]` is 1 if it holds, else 0."""

PLANTED = "planted"
"""The kind of findings about planted faults.

In `numbers`, "caught" is 1 if the assertion that is meant for the fault failed, "by_accident" is 1 if only something
else failed, and "too_wide" is 1 if cases failed that had to pass. If none of them is 1, the fault was not noticed.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A conclusion from measurements or claims; `confidence` says how sure it is, in words."""

    kind: str
    statement: str
    numbers: dict[str, Any]
    confidence: str
