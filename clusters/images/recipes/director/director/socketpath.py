"""The path of the socket, in a module of its own so that the client starts without the server's imports."""

from __future__ import annotations

from pathlib import Path

SOCKET = Path("/run/kubeproof/director.sock")
"""In a directory of the node, so that root on the node can send requests without starting a program in the pod, which
takes longer than the guest's reply."""
