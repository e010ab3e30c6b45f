"""Names of images in registries: those that a user gives for an existing cluster, and those pushed before."""

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
"""https://github.com/distribution/reference/blob/main/reference.go"""

PREFIX = re.compile(rf"(?P<host>{_HOST})/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)", re.ASCII)

OPTIONS = {"load": "--load-image", "tools": "--tools-image", "agnhost": "--agnhost-image"}
"""The option that names each image."""


@dataclass(frozen=True, slots=True)
class NamedImages:
    """References that a user has given for the cases of an existing cluster; None leaves one to us.

    Raises `UsageError` for what is no reference.
    """

    load: str | None = None
    tools: str | None = None
    agnhost: str | None = None

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            reference = getattr(self, name)
            if reference is not None and not REFERENCE.fullmatch(reference):
                raise UsageError(
                    f"{option}={reference} is no image reference",
                    remedy="for example registry.example:5000/kubeproof/x:1",
                )

    @property
    def given(self) -> dict[str, str]:
        """Those that were given, by what they are for."""
        named = {name: getattr(self, name) for name in OPTIONS}
        return {name: reference for name, reference in named.items() if reference is not None}

    def over(self, images: CaseImages, pushed: Mapping[str, str]) -> CaseImages:
        """Return `images` with those that were pushed, and over these with those that were given."""
        known = {name: reference for name, reference in pushed.items() if name in OPTIONS}
        return replace(images, **{**known, **self.given})


def require_prefix(prefix: str) -> str:
    """Return a registry's host and the path below it, without a slash at its end. Raises `UsageError`."""
    found = PREFIX.fullmatch(prefix.rstrip("/"))
    if found is None or not (found["host"] == "localhost" or set(".:") & set(found["host"])):
        raise UsageError(
            f"{prefix!r} names no registry and path",
            remedy="for example localhost:5001/kubeproof, or docker.io/somebody/kubeproof; paths are in lower case",
        )
    return found[0]


class PushedImages:
    """The references that `kubeproof images push` has pushed from this machine, in a `file` of the user's."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> dict[str, str]:
        """Return references by what they are for; nothing if none was pushed or the file is no longer readable."""
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return {str(name): str(reference) for name, reference in found.items()} if isinstance(found, dict) else {}

    def write(self, references: Mapping[str, str]) -> None:
        """Remember these and no others."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False) as written:
            json.dump(dict(references), written, indent=2)
        Path(written.name).replace(self._file)
