"""Where server and client meet; by itself, because the client shall start without the server's imports."""

from __future__ import annotations

from pathlib import Path

SOCKET = Path("/run/kubeproof-director.sock")
