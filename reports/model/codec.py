"""The contract `kubeproof.results/2`: how results become `results.json`, and how that file is read back.

pydantic validates every field's type and reports the place of a wrong one; its strict mode converts nothing. The JSON
Schema that it generates from the records is committed as `docs/results.schema.json`.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reports.model import version1
from reports.model.claims import claim_order
from reports.model.results import RunResults
from reports.text import map_texts, storable

SCHEMA = "kubeproof.results/2"
RESULTS_FILE = "results.json"
"""The name of the results file in a run's directory."""

RESULTS = TypeAdapter(RunResults)


def results_to_json(results: RunResults) -> str:
    """Return the text of `results.json`: cases sorted by id, claims by number, NaN and infinity as null."""
    document = RESULTS.dump_python(map_texts(results, storable), mode="json", fallback=str)
    document["cases"].sort(key=lambda case: case["id"])
    document["claims"].sort(key=lambda claim: claim_order(claim["id"]))
    return json.dumps({"schema": SCHEMA, **document}, indent=1) + "\n"


def results_from_json(text: str) -> RunResults:
    """Return the results in the text of `results.json`. Entries that this version does not know are ignored.

    A file of schema version 1 is upgraded. Raises `ValueError` for another schema, and for a missing entry or one of
    the wrong type, with its path.
    """
    document = json.loads(text)  # its errors name line and column
    if isinstance(document, dict) and document.get("schema") == version1.SCHEMA:
        text = json.dumps(version1.upgraded(document))
    else:
        _require_schema(document)
    try:
        return RESULTS.validate_json(text, strict=True)
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False)[0]
        found = "" if problem["type"] == "missing" else f", found {reprlib.repr(problem['input'])}"
        raise ValueError(f"{_path(problem['loc'])}: {problem['msg']}{found}") from None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `results.json`, generated from the records."""
    schema = RESULTS.json_schema()
    entry = {"const": SCHEMA, "description": "The version of this contract."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "properties": {"schema": entry, **schema["properties"]},
        "required": ["schema", *schema["required"]],
    }


def _path(location: Iterable[int | str]) -> str:
    return "results" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _require_schema(document: Any) -> None:
    found = document.get("schema") if isinstance(document, dict) else document
    if found == SCHEMA:
        return
    family, _, version = SCHEMA.partition("/")
    number = re.fullmatch(rf"{re.escape(family)}/(\d{{1,9}})", found) if isinstance(found, str) else None
    newer = "a newer kubeproof wrote it: " if number and int(number[1]) > int(version) else ""
    raise ValueError(f"{newer}expected schema {SCHEMA}, found {reprlib.repr(found)}")
