"""Time as a seam, for waits of the harness: that of `clusters`."""

from __future__ import annotations

from clusters.clock import Clock, SystemClock

__all__ = ["Clock", "SystemClock"]
