"""Minimal container images: one program, and one word that makes the image unique.

https://github.com/opencontainers/image-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import Any

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one layer, as a registry stores it."""

    manifest: bytes
    config: bytes
    layer: bytes

    @property
    def digest(self) -> str:
        """Return the digest of the manifest, by which clients request the image."""
        return digest_of(self.manifest)

    @property
    def layer_digest(self) -> str:
        return digest_of(self.layer)


def digest_of(content: bytes) -> str:
    """Return the digest of the content, such as "sha256:2c26b4...."."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def compose_image(program: bytes, word: str, architecture: str) -> Image:
    """Return an image that runs `program`, which must be statically linked.

    `word` is part of the layer, so images with different words have no content in common.
    """
    layer = archive({"program": program, "word": word.encode()})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": ["/program"]},
        # The layer is not compressed, so its digest is also its diff id.
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
    }
    stored_config = json.dumps(config).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(CONFIG_TYPE, stored_config),
        "layers": [_descriptor(LAYER_TYPE, layer)],
    }
    return Image(json.dumps(manifest).encode(), stored_config, layer)


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def archive(files: dict[str, bytes]) -> bytes:
    """Return a tar archive of executable files. Equal files give equal archives."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def only_file(tar_archive: bytes) -> bytes:
    """Return the content of the only file in a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(tar_archive)) as tar:
        (entry,) = tar.getmembers()
        content = tar.extractfile(entry)
        assert content is not None, f"{entry.name} is not a file"
        return content.read()
