"""Manifests that stand beside a case: YAML in which `$words` stand for what only the run knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml

from clusters.errors import UsageError


def read_manifests(file: Path, words: Mapping[str, object]) -> tuple[dict[str, Any], ...]:
    """The objects of a YAML file, its `$words` replaced; `$$` is a dollar. Raises `UsageError`."""
    try:
        text = Template(file.read_text()).substitute(words)
        return tuple(found for found in yaml.safe_load_all(text) if found)
    except KeyError as unknown:
        raise UsageError(f"{file}: no value for ${unknown.args[0]}; there are: {', '.join(sorted(words))}") from None
    except (OSError, ValueError, yaml.YAMLError) as unfit:
        raise UsageError(f"{file}: {unfit}") from unfit
