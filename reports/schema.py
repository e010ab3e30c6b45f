"""The check of a written `results.json` against the contract's JSON Schema.

`python -m reports.schema`, in the root of the repository, writes `docs/results.schema.json`.
"""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from reports.model import SCHEMA, json_schema


class NotTheContract(ValueError):
    """A results file does not fit the JSON Schema of its version: a defect of Kubeproof."""


def require_contract(text: str) -> None:
    """Raise `NotTheContract`, with the place, unless the text of a `results.json` fits the schema."""
    validator = Draft202012Validator(json_schema())
    for error in validator.iter_errors(json.loads(text)):
        raise NotTheContract(f"results.json does not fit {SCHEMA} at {error.json_path}: {error.message[:200]}")


if __name__ == "__main__":
    Path("docs/results.schema.json").write_text(json.dumps(json_schema(), indent=1) + "\n", encoding="utf-8")
