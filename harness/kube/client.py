"""A client of one cluster's API server: typed APIs, creation from manifests, exec and logs.

A thin layer over the official client. It adds a time-out to every call, raises `ClusterUnreachable` (an environment
error) when the API server does not answer, and offers an `exec` that returns the exit code.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream
from kubernetes.stream.ws_client import ERROR_CHANNEL, STDIN_CHANNEL
from websocket import WebSocketBadStatusException, WebSocketException

from clusters.cluster import Cluster
from clusters.errors import ClusterUnreachable, WorldError
from clusters.execstatus import UNKNOWN, ExecStatus
from harness.kube.kinds import collection, path_of

REQUEST_TIMEOUT_S = 30.0
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class ExecResult:
    """The output and the exit code of a program in a container; -1 if the exit code is unknown."""

    stdout: str
    stderr: str
    exit_code: int


class Kube:
    """A client of one cluster's API server.

    Safe to share between threads. `exec` opens an API client of its own for that.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        # The type stubs lack some fields of the configuration class, which the client generates from a template.
        self._configuration = cast(Any, client.Configuration())
        config.load_kube_config(
            str(cluster.kubeconfig),
            context=cluster.context,
            client_configuration=self._configuration,
            persist_config=False,
        )
        self._configuration.connection_pool_maxsize = CONNECTIONS
        self._configuration.retries = False
        api: Any = _TimedClient(self._configuration, self.reaching)
        self.core = client.CoreV1Api(api)
        self.apps = client.AppsV1Api(api)
        self.discovery = client.DiscoveryV1Api(api)
        self.custom = client.CustomObjectsApi(api)
        self._api = api

    @property
    def cluster(self) -> Cluster:
        return self._cluster

    def create(self, namespace: str, *manifests: dict[str, Any]) -> None:
        """Create objects in order. Raises `ApiException` when the API server refuses one.

        `namespace` applies to objects of namespaced kinds and is ignored for the others.
        """
        for manifest in manifests:
            self.request("POST", collection(namespace, manifest), manifest)

    def apply(self, namespace: str, manifest: dict[str, Any]) -> None:
        """Apply one object on the server side (https://kubernetes.io/docs/reference/using-api/server-side-apply/)."""
        path = f"{path_of(namespace, manifest)}?fieldManager=case&force=true"
        self.request("PATCH", path, manifest, content_type="application/apply-patch+yaml")

    def delete(self, namespace: str, kind: dict[str, Any]) -> None:
        """Delete the object that a manifest names. An object that does not exist is a success."""
        try:
            self.request("DELETE", path_of(namespace, kind))
        except ApiException as refusal:
            if refusal.status != 404:
                raise

    def merge(self, path: str, change: dict[str, Any]) -> dict[str, Any]:
        """Change fields of the object at `path` and return the changed object; None removes a field (RFC 7386)."""
        return self.request("PATCH", path, change, content_type="application/merge-patch+json")

    def get(self, path: str) -> dict[str, Any]:
        """GET a path of the API server and return the JSON document."""
        return self.request("GET", path)

    def request(
        self, method: str, path: str, body: dict[str, Any] | None = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Send one request and return the JSON document. Raises `ApiException`, `ClusterUnreachable`."""
        with self.reaching():
            document: dict[str, Any] = json.loads(self._send(method, path, body, content_type).read())
        return document

    def text(self, path: str) -> str:
        """GET a path of the API server and return its plain text."""
        with self.reaching():
            return str(self._send("GET", path, None, "application/json", accept="*/*").read().decode())

    def find(self, path: str) -> dict[str, Any] | None:
        """GET a path of the API server and return the JSON document, or None if there is none (404)."""
        try:
            return self.get(path)
        except ApiException as refusal:
            if refusal.status == 404:
                return None
            raise

    def stream(self, path: str) -> Iterator[Any]:
        """GET a path and yield each line's JSON document as soon as it arrives, until the server ends the response.

        Raises `WorldError` for a line that is not JSON, `ApiException`, `ClusterUnreachable`.
        """
        with self.reaching():
            reply = self._send("GET", path, None, "application/json")
            try:
                yield from (self._document(path, line) for line in reply.response if line.strip())
            finally:
                reply.response.close()

    def _document(self, path: str, line: bytes) -> Any:
        try:
            return json.loads(line)
        except ValueError as invalid:
            raise WorldError(
                f"GET {path} of cluster {self._cluster.name}: a line is not JSON: {line[:200]!r}"
            ) from invalid

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, content_type: str, accept: str = "application/json"
    ) -> Any:
        serialized = self._api.param_serialize(
            method,
            path,
            header_params={"Content-Type": content_type, "Accept": accept},
            body=body,
            auth_settings=["BearerToken"],
        )
        reply = self._api.call_api(*serialized)
        if reply.status >= 300:
            refusal = ApiException(status=reply.status, reason=f"{method} {path}: {reply.reason}")
            refusal.body = reply.read().decode(errors="replace")
            raise refusal
        return reply

    def exec(
        self,
        namespace: str,
        pod: str,
        argv: tuple[str, ...],
        *,
        container: str | None = None,
        stdin: str | None = None,
        timeout_s: float = 30.0,
    ) -> ExecResult:
        """Run a program in a pod, with `stdin` as its standard input, and return its output and exit code.

        The exit code is -1 if the program did not end within `timeout_s`, its container went away, or it could not
        be started; the reason, if there is one, follows the program's own stderr.
        Raises `ApiException` if there is no such pod or container, `ClusterUnreachable`.
        """
        with self.reaching():
            socket = self._open_exec(namespace, pod, argv, container=container, stdin=stdin is not None)
            try:
                if stdin is not None:
                    socket.write_stdin(stdin)
                    socket.close_channel(STDIN_CHANNEL)
                ended = _run_to_end(socket, timeout_s)
                stdout, stderr = socket.read_stdout(timeout=0), socket.read_stderr(timeout=0)
                status = ExecStatus.parse(socket.read_channel(ERROR_CHANNEL)) if ended else ExecStatus(UNKNOWN, "")
            finally:
                # close() leaves the connection open if the server sent its close frame first.
                socket.close()
                socket.sock.shutdown()
        reason = status.message if status.exit_code == UNKNOWN else ""
        return ExecResult(stdout, stderr + reason, status.exit_code)

    def _open_exec(self, namespace: str, pod: str, argv: tuple[str, ...], *, container: str | None, stdin: bool) -> Any:
        # `stream` modifies its API client while it runs, so the client must not be a shared one.
        own = client.CoreV1Api(client.ApiClient(self._configuration))
        container_name = {} if container is None else {"container": container}
        try:
            return stream(
                own.connect_get_namespaced_pod_exec,
                pod,
                namespace,
                command=list(argv),
                stdin=stdin,
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
                **container_name,
            )
        except ApiException as wrapped:
            # `stream` turns every error during the handshake, even Ctrl-C, into an ApiException with status 0.
            cause = wrapped.__context__
            if isinstance(cause, WebSocketBadStatusException):
                reason = f"exec in {namespace}/{pod}: {(cause.resp_body or b'').decode(errors='replace').strip()}"
                raise ApiException(status=cause.status_code, reason=reason) from cause
            if cause is not None:
                raise cause from None
            raise

    def logs(self, namespace: str, pod: str, *, container: str | None = None, previous: bool = False) -> str:
        """Return a container's log, up to its first 256 KiB. Raises `ApiException`, `ClusterUnreachable`."""
        container_name: dict[str, Any] = {} if container is None else {"container": container}
        with self.reaching():
            return str(
                self.core.read_namespaced_pod_log(
                    pod, namespace, previous=previous, limit_bytes=256 * 1024, _request_timeout=30, **container_name
                )
            )

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Turn a failure to reach the API server into `ClusterUnreachable`."""
        try:
            yield
        except (urllib3.exceptions.HTTPError, WebSocketException, OSError) as failure:
            raise ClusterUnreachable(
                f"the API server of cluster {self._cluster.name} does not answer: {failure}",
                remedy="the node's log is in the exported logs",
            ) from failure


class _TimedClient(client.ApiClient):
    """The API client of the typed APIs: it adds the default time-out and runs each call within `reaching`."""

    def __init__(self, configuration: Any, reaching: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__(configuration)
        self._reaching = reaching

    def call_api(self, *request: Any, _request_timeout: Any = None, **more: Any) -> Any:
        untyped: Any = super()
        with self._reaching():
            return untyped.call_api(*request, _request_timeout=_request_timeout or REQUEST_TIMEOUT_S, **more)


def _run_to_end(socket: Any, timeout_s: float) -> bool:
    """Read until the program has ended. Return whether it ended within `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while socket.is_open():
        remaining_s = deadline_s - time.monotonic()
        if remaining_s <= 0:
            return False
        socket.update(timeout=min(remaining_s, 1.0))
    return True
