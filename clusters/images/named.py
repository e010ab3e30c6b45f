"""Image references for existing clusters: those that the user gives as options, and those pushed by earlier runs."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clusters.cluster import CaseImages
from clusters.errors import UsageError

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?"
_NAME = rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*"
REFERENCE = re.compile(rf"{_NAME}(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?", re.ASCII)
"""An image reference: https://github.com/distribution/reference/blob/main/reference.go"""

PREFIX = re.compile(rf"(?P<host>{_HOST})/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)", re.ASCII)

OPTIONS = {"load": "--load-image", "tools": "--tools-image", "agnhost": "--agnhost-image"}
"""The command line option for each image."""


@dataclass(frozen=True, slots=True)
class NamedImages:
    """Image references that the user has given for an existing cluster; None means the default.

    Raises `UsageError` for an invalid reference.
    """

    load: str | None = None
    tools: str | None = None
    agnhost: str | None = None

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            reference = getattr(self, name)
            if reference is not None and not REFERENCE.fullmatch(reference):
                raise UsageError(
                    f"{option}={reference} is not an image reference",
                    remedy="for example registry.example:5000/kubeproof/x:1",
                )

    @property
    def given(self) -> dict[str, str]:
        """Return the given references by purpose."""
        named = {name: getattr(self, name) for name in OPTIONS}
        return {name: reference for name, reference in named.items() if reference is not None}

    def over(self, images: CaseImages, pushed: Mapping[str, str]) -> CaseImages:
        """Return `images`, replaced by pushed references, and these by given references, where there are any."""
        known = {name: reference for name, reference in pushed.items() if name in OPTIONS}
        return replace(images, **{**known, **self.given})


def require_prefix(prefix: str) -> str:
    """Return `prefix`, a registry's host and a path, without a trailing slash. Raises `UsageError` if it is invalid."""
    found = PREFIX.fullmatch(prefix.rstrip("/"))
    if found is None or not (found["host"] == "localhost" or set(".:") & set(found["host"])):
        raise UsageError(
            f"{prefix!r} is not a registry with a path",
            remedy="for example localhost:5001/kubeproof, or docker.io/account/kubeproof; paths are in lower case",
        )
    return found[0]


class PushedImages:
    """The references that `kubeproof images push` has pushed from this machine, stored in a file of the user."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> dict[str, str]:
        """Return the references by purpose; nothing if none was pushed or the file is not readable."""
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return {str(name): str(reference) for name, reference in found.items()} if isinstance(found, dict) else {}

    def write(self, references: Mapping[str, str]) -> None:
        """Store these references in place of the earlier ones."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False) as written:
            json.dump(dict(references), written, indent=2)
        Path(written.name).replace(self._file)
