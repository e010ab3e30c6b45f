"""The committed JSON Schema of `results.json`."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
SCHEMA_FILE = REPOSITORY / "docs" / "results.schema.json"
