"""Manifests in a case's folder: YAML with placeholders (`$name`) for values that are known only in the run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml

from clusters.errors import UsageError


def read_manifests(file: Path, words: Mapping[str, object]) -> tuple[dict[str, Any], ...]:
    """Return the objects of a YAML file with its placeholders replaced; `$$` is a dollar sign. Raises `UsageError`."""
    try:
        text = Template(file.read_text()).substitute(words)
        return tuple(document for document in yaml.safe_load_all(text) if document)
    except KeyError as unknown:
        raise UsageError(f"{file}: no value for ${unknown.args[0]}; there are: {', '.join(sorted(words))}") from None
    except (OSError, ValueError, yaml.YAMLError) as invalid:
        raise UsageError(f"{file}: {invalid}") from invalid
