"""A parser for a registry's access log, which is in Apache's combined format.

https://httpd.apache.org/docs/2.4/logs.html#combined
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

LINE = re.compile(r'(?P<client>\S+) \S+ \S+ \[[^]]*] "(?P<method>[A-Z]+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) ')
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/?]+)(\?.*)?")


@dataclass(frozen=True, slots=True)
class RegistryRequest:
    """A request for content: `kind` is "manifests" or "blobs", `reference` a tag or a digest."""

    client: str
    method: str
    repository: str
    kind: str
    reference: str
    status: int


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """The numbers of requests: checks of a manifest (HEAD), downloads of manifests (GET), and downloads of blobs (GET).

    Blobs are an image's layers and its configuration.
    """

    checks: int = 0
    manifests: int = 0
    blobs: int = 0

    @classmethod
    def of(cls, requests: Iterable[RegistryRequest]) -> Self:
        """Count the requests."""
        kinds = [(request.method, request.kind) for request in requests]
        return cls(
            checks=kinds.count(("HEAD", "manifests")),
            manifests=kinds.count(("GET", "manifests")),
            blobs=kinds.count(("GET", "blobs")),
        )

    def __sub__(self, before: RequestCounts) -> RequestCounts:
        """Return the numbers of requests since `before`."""
        return RequestCounts(self.checks - before.checks, self.manifests - before.manifests, self.blobs - before.blobs)

    def __str__(self) -> str:
        counts = {"check": self.checks, "manifest": self.manifests, "blob": self.blobs}
        words = [f"{count} {word}{'s' * (count > 1)}" for word, count in counts.items() if count]
        return ", ".join(words) or "nothing"


def read_requests(log: str) -> Iterator[RegistryRequest]:
    """Yield the requests for content in an access log, in order. Other requests are left out."""
    for line in log.splitlines():
        if (seen := LINE.match(line)) and (path := PATH.fullmatch(seen["path"])):
            yield RegistryRequest(
                client=seen["client"],
                method=seen["method"],
                repository=path["repository"],
                kind=path["kind"],
                reference=path["reference"],
                status=int(seen["status"]),
            )
