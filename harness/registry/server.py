"""A registry outside the cluster: a container on the container network of its nodes.

It runs CNCF Distribution and is empty at first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from testcontainers.core.container import DockerContainer

from clusters.cluster import Cluster
from clusters.errors import EngineUnavailable, WorldError
from clusters.host.clock import Clock
from harness.errors import ConditionNotMet
from harness.kube.wait import wait_until
from harness.registry.accesslog import RegistryRequest, RequestCounts, read_requests
from harness.registry.image import MANIFEST_TYPE, Image, archive, compose_image, digest_of, only_file
from harness.traffic.containers import NetworkContainer

PORT = 5000
PROGRAM = "/usr/local/bin/pause"
STORAGE = PurePosixPath("/var/lib/registry/docker/registry/v2/blobs")
DEADLINE_S = 30.0
REQUEST_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the expected status; `location` is empty if the answer has no Location header."""

    location: str
    content: bytes


class Registry(NetworkContainer):
    """A registry for one case; `host` is its name in image references."""

    def __init__(
        self,
        cluster: Cluster,
        network: str,
        host: str,
        make_container: Callable[[str], Any] = DockerContainer,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(cluster.name, network, cluster.images.registry, make_container)
        self.host = host
        self._nodes = frozenset(node.address for node in cluster.nodes)
        self._marks = 0
        self._clock = clock
        self._container.ports[f"{PORT}/tcp"] = ("127.0.0.1", None)  # with_bind_ports() takes no address

    @property
    def url(self) -> str:
        """Return the URL at which nodes reach the registry."""
        return f"http://{self.address}:{PORT}"

    def push(self, repository: str, tag: str, word: str = "") -> Image:
        """Push an image that runs and does nothing. With another `word`, it differs from the tag's last image.

        No two repositories share content, so a pull from one does not save a download from another.
        """
        with self._reaching_engine():
            architecture = str(self._container.get_wrapped_container().image.attrs["Architecture"])
        image = compose_image(self._program, f"{self.host}/{repository} {word}", architecture)
        for blob in (image.config, image.layer):
            upload = self._request("POST", f"/v2/{repository}/blobs/uploads/", expected=202).location
            self._request("PUT", f"{upload}&digest={digest_of(blob)}", blob, expected=201)
        path = f"/v2/{repository}/manifests/{tag}"
        self._request("PUT", path, image.manifest, expected=201, headers={"Content-Type": MANIFEST_TYPE})
        return image

    def manifest(self, repository: str, reference: str) -> bytes:
        """Return the manifest that the registry serves for a tag or digest."""
        path = f"/v2/{repository}/manifests/{reference}"
        return self._request("GET", path, expected=200, headers={"Accept": MANIFEST_TYPE}).content

    @contextmanager
    def corrupted(self, digest: str, content: bytes) -> Iterator[None]:
        """Make the registry serve `content` for the blob or manifest `digest` while the block lasts.

        The content is written to the registry's storage; the registry does not verify it.
        """
        algorithm, _, value = digest.partition(":")
        folder = str(STORAGE / algorithm / value[:2] / value)
        original = self._get_archive(f"{folder}/data")
        try:
            self._put_archive(folder, archive({"data": content}))
            yield
        finally:
            self._put_archive(folder, original)

    def requests(self, repository: str) -> tuple[RegistryRequest, ...]:
        """Return the requests of nodes for content of a repository so far, in order. Raises `WorldError`."""
        self._marks += 1
        mark = f"/v2/?mark={self._marks}"
        self._request("GET", mark, expected=200)
        # The log arrives with a delay. Once the request with the mark is in it, all earlier requests are, too.
        with _as_environment_error():
            log = wait_until(
                f"request {mark} in the log of registry {self.host}",
                self._log,
                lambda log: f"{mark} " in log,
                describe=lambda log: log[-500:],
                deadline_s=DEADLINE_S,
                clock=self._clock,
            )
        return tuple(
            request
            for request in read_requests(log)
            if request.repository == repository and request.client in self._nodes
        )

    def request_counts(self, repository: str) -> RequestCounts:
        """Return the numbers of requests of nodes for content of a repository so far."""
        return RequestCounts.of(self.requests(repository))

    def stop(self) -> None:
        """Kill the registry. It cannot be started again."""
        with self._reaching_engine():
            self._container.get_wrapped_container().kill()

    def _prepare(self) -> None:
        """Wait until the registry answers. Raises `WorldError` if it ends or does not answer in time."""
        with _as_environment_error():
            wait_until(
                f"registry {self.host} answering",
                self._answers,
                bool,
                why_impossible=lambda answers: None if answers else self._why_ended(),
                deadline_s=DEADLINE_S,
                clock=self._clock,
            )

    @property
    def _own_port(self) -> int:
        """Return the registry's port on the loopback address of this host. Raises `WorldError` if it does not run."""
        published = self._network_settings()["Ports"].get(f"{PORT}/tcp")
        if not published:
            raise WorldError(f"registry {self.host} is not running")
        return int(published[0]["HostPort"])

    def _answers(self) -> bool:
        try:
            self._request("GET", "/v2/", expected=200)
        except EngineUnavailable:
            raise
        except WorldError:
            return False  # the registry does not listen yet
        return True

    def _why_ended(self) -> str | None:
        """Return the container's status and last log lines if it does not run, or None if it runs."""
        with self._reaching_engine():
            wrapped = self._container.get_wrapped_container()
            wrapped.reload()
            return None if wrapped.status == "running" else f"it is {wrapped.status}: {wrapped.logs(tail=5).decode()}"

    def _request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        expected: int,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Send a request and return the answer. Raises `WorldError` if its status is not `expected`."""
        connection = HTTPConnection("127.0.0.1", self._own_port, timeout=REQUEST_TIMEOUT_S)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as failure:
            raise WorldError(f"registry {self.host}: {method} {path}: {failure}") from failure
        finally:
            connection.close()
        if answer.status != expected:
            body_text = content.decode(errors="replace").strip()
            raise WorldError(
                f"registry {self.host}: {method} {path}: status {answer.status}, expected {expected}: {body_text}"
            )
        return Answer(answer.headers["Location"] or "", content)

    @cached_property
    def _program(self) -> bytes:
        """Return the program of the images, taken from the registry's own image."""
        return only_file(self._get_archive(PROGRAM))

    def _log(self) -> str:
        """Return the registry's log so far."""
        with self._reaching_engine():
            return str(self._container.get_logs()[0].decode())


@contextmanager
def _as_environment_error() -> Iterator[None]:
    """Turn a condition that is not met into a `WorldError`: the registry and its engine belong to the environment."""
    try:
        yield
    except ConditionNotMet as late:
        raise WorldError(str(late)) from late
