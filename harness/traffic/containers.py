"""Containers on the container network of a cluster's nodes.

testcontainers creates and removes them. Its reaper (Ryuk) is disabled, because a host without a registry cannot pull
its image. Containers that a killed run leaves behind are found by the harness's own labels instead (see
`clusters.host.ownership`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from docker.errors import APIError, DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from clusters.errors import EngineUnavailable, WorldError
from clusters.host.ownership import labels_for


class NetworkContainer:
    """A container that exists while a block lasts. `settings` are those of docker's `containers.run`."""

    def __init__(
        self,
        cluster: str,
        network: str,
        image: str,
        make_container: Callable[[str], Any] = DockerContainer,
        **settings: object,
    ) -> None:
        testcontainers_config.ryuk_disabled = True
        self._cluster, self._network = cluster, network
        with self._reaching_engine():
            container = make_container(image)
        self._container = container.with_kwargs(network=network, labels=labels_for(cluster, keep=False), **settings)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._remove)
            with self._reaching_engine():
                self._container.start()
            self._prepare()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @property
    def address(self) -> str:
        """Return the container's address in the cluster's container network."""
        return str(self._network_settings()["Networks"][self._network]["IPAddress"])

    def _prepare(self) -> None:
        """Make the started container ready for use. Raises `WorldError`; the container is then removed."""
        raise NotImplementedError

    def _network_settings(self) -> dict[str, Any]:
        """Return the NetworkSettings of `docker inspect`."""
        with self._reaching_engine():
            wrapped = self._container.get_wrapped_container()
            wrapped.reload()
        return dict(wrapped.attrs["NetworkSettings"])

    def _get_archive(self, path: str) -> bytes:
        """Return an archive of a file in the container."""
        with self._reaching_engine():
            chunks, _ = self._container.get_wrapped_container().get_archive(path)
            return b"".join(chunks)

    def _put_archive(self, folder: str, content: bytes) -> None:
        """Unpack an archive in a folder of the container."""
        with self._reaching_engine():
            self._container.get_wrapped_container().put_archive(folder, content)

    def _remove(self) -> None:
        with self._reaching_engine():
            self._container.stop()

    @contextmanager
    def _reaching_engine(self) -> Iterator[None]:
        """Turn an error that the engine returns into a `WorldError`, and a missing answer into `EngineUnavailable`."""
        try:
            yield
        except APIError as refusal:
            reason = refusal.explanation or refusal
            raise WorldError(
                f"the container engine refused a request about a container outside cluster {self._cluster}: {reason}"
            ) from refusal
        except (DockerException, OSError) as failure:  # requests' exceptions are OSErrors
            raise EngineUnavailable(
                f"the container engine does not answer: {failure}", remedy="check whether Docker runs"
            ) from failure
