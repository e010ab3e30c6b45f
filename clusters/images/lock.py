"""The lock file with the version of every component, as records."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from clusters.errors import UsageError
from clusters.spec import Source

LOCK_FILE = Path(__file__).with_name("lock.toml")


@dataclass(frozen=True, slots=True)
class KubernetesRelease:
    """An available Kubernetes release, and the versions of the components that belong to it.

    `module` is the directory below `modules/` that builds it. `node_image` is kind's own image by digest, for source
    `registry`: of the same minor version, but not always of the same patch release.
    """

    version: str
    module: str
    etcd: str
    agnhost: str
    node_image: str

    @property
    def minor(self) -> tuple[int, int]:
        major, minor, _ = self.version.split(".")
        return int(major), int(minor)

    @property
    def stock_version(self) -> str:
        """Return the Kubernetes version in `node_image`, such as "1.37.0"."""
        return self.node_image.partition(":v")[2].partition("@")[0]

    def version_of(self, source: Source) -> str:
        """Return the version that a cluster of this source runs."""
        return self.stock_version if source is Source.REGISTRY else self.version


@dataclass(frozen=True, slots=True)
class Lock:
    """The versions of all components. The first release is the default."""

    releases: tuple[KubernetesRelease, ...]
    debian: str
    director_debian: str
    kernel_debian: str
    kind: str
    coredns: str
    metrics_server: str
    metallb: str
    traefik: str
    pause: str
    distribution: str
    agnhost_image: str
    metrics_server_image: str
    distribution_image: str
    metallb_controller_image: str
    metallb_speaker_image: str
    traefik_image: str
    debian_image: str
    director_debian_image: str

    def release(self, version: str | None) -> KubernetesRelease:
        """Return the release that has this version with either source, or the default release for None.

        Raises `UsageError`, which lists the available versions.
        """
        if version is None:
            return self.releases[0]
        for release in self.releases:
            if version in (release.version, release.stock_version):
                return release
        known = ", ".join(release.version for release in self.releases)
        raise UsageError(f"Kubernetes {version} is not in the lock file", remedy=f"there are: {known}")


def read_lock(file: Path = LOCK_FILE) -> Lock:
    """Read the lock file."""
    doc = tomllib.loads(file.read_text())
    return Lock(
        releases=tuple(KubernetesRelease(**release) for release in doc["kubernetes"]),
        debian=doc["debian"]["suite"],
        director_debian=doc["debian"]["director"],
        kernel_debian=doc["debian"]["kernel"],
        kind=doc["kind"]["version"],
        coredns=doc["coredns"]["version"],
        metrics_server=doc["metrics-server"]["version"],
        metallb=doc["metallb"]["version"],
        traefik=doc["traefik"]["version"],
        pause=doc["pause"]["version"],
        distribution=doc["distribution"]["version"],
        agnhost_image=doc["registry"]["agnhost"],
        metrics_server_image=doc["registry"]["metrics-server"],
        distribution_image=doc["registry"]["distribution"],
        metallb_controller_image=doc["registry"]["metallb-controller"],
        metallb_speaker_image=doc["registry"]["metallb-speaker"],
        traefik_image=doc["registry"]["traefik"],
        debian_image=doc["registry"]["debian"],
        director_debian_image=doc["registry"]["director-debian"],
    )
