"""An existing cluster is named by a kubeconfig file and a context, both, and never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from clusters.errors import UsageError


def require_context(kubeconfig: Path, context: str) -> None:
    """Raises `UsageError` for a file that is none, and for an unknown context, naming those that exist."""
    try:
        there = kubeconfig.is_file()
    except OSError as failure:
        raise UsageError(f"kubeconfig {kubeconfig} cannot be read: {failure.strerror}") from failure
    if not there:
        raise UsageError(f"there is no kubeconfig {kubeconfig}", remedy="give the file with --kubeconfig")
    known = _contexts(kubeconfig)
    if context not in known:
        there_are = f"there are: {', '.join(known)}" if known else "it names no context at all"
        raise UsageError(f"kubeconfig {kubeconfig} has no context {context!r}", remedy=there_are)


def _contexts(kubeconfig: Path) -> tuple[str, ...]:
    try:
        document: Any = yaml.safe_load(kubeconfig.read_text())
    except (OSError, RecursionError, ValueError, yaml.YAMLError) as failure:
        raise UsageError(f"kubeconfig {kubeconfig} cannot be read: {failure}".splitlines()[0]) from failure
    if not isinstance(document, dict):
        raise UsageError(f"{kubeconfig} is no kubeconfig: it holds no mapping")
    entries = document.get("contexts") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{kubeconfig} is no kubeconfig: its contexts are no list of mappings")
    return tuple(str(entry["name"]) for entry in entries if "name" in entry)
