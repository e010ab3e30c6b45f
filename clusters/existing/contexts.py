"""Check of the kubeconfig file and the context that name an existing cluster. Both must be given; none is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from clusters.errors import UsageError


def require_context(kubeconfig: Path, context: str) -> None:
    """Raise `UsageError` if the file is not a kubeconfig, or if it lacks the context; list the contexts it has."""
    try:
        exists = kubeconfig.is_file()
    except OSError as failure:
        raise UsageError(f"kubeconfig {kubeconfig} cannot be read: {failure.strerror}") from failure
    if not exists:
        raise UsageError(f"there is no kubeconfig {kubeconfig}", remedy="give the file with --kubeconfig")
    known = _contexts(kubeconfig)
    if context not in known:
        remedy = f"there are: {', '.join(known)}" if known else "it has no contexts"
        raise UsageError(f"kubeconfig {kubeconfig} has no context {context!r}", remedy=remedy)


def _contexts(kubeconfig: Path) -> tuple[str, ...]:
    try:
        document: Any = yaml.safe_load(kubeconfig.read_text())
    except (OSError, RecursionError, ValueError, yaml.YAMLError) as failure:
        raise UsageError(f"kubeconfig {kubeconfig} cannot be read: {failure}".splitlines()[0]) from failure
    if not isinstance(document, dict):
        raise UsageError(f"{kubeconfig} is not a kubeconfig: it contains no mapping")
    entries = document.get("contexts") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{kubeconfig} is not a kubeconfig: its contexts are not a list of mappings")
    return tuple(str(entry["name"]) for entry in entries if "name" in entry)
