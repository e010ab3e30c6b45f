"""Where server and client meet; by itself, because the client shall start without the server's imports."""

from __future__ import annotations

from pathlib import Path

SOCKET = Path("/run/kubeproof/director.sock")
"""In a directory of the node: who is root there asks without a program of the pod, which takes longer to start than
the guest to answer."""
