"""The API server of one cluster: typed APIs, creation from manifests, exec and logs.

Thin over the official client. What it adds: a time-out on every call, "the API server does not answer"
as a `ClusterUnreachable` (the world failed, not Kubernetes), and an `exec` that tells the exit code.
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
from clusters.errors import ClusterUnreachable
from harness.kube.kinds import collection, path_of

REQUEST_TIMEOUT_S = 30.0
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What a program in a container printed, and how it ended; exit code -1: its end was not seen."""

    stdout: str
    stderr: str
    exit_code: int


class Kube:
    """One cluster's API server. Safe to share between threads, except `exec`, which opens its own client."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        # Stubs lag behind the client, which makes its configuration from an OpenAPI template.
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

        `namespace` counts for those that live in one.
        """
        for manifest in manifests:
            self.request("POST", collection(namespace, manifest), manifest)

    def apply(self, namespace: str, manifest: dict[str, Any]) -> None:
        """Server-side apply of one object."""
        path = f"{path_of(namespace, manifest)}?fieldManager=case&force=true"
        self.request("PATCH", path, manifest, content_type="application/apply-patch+yaml")

    def delete(self, namespace: str, kind: dict[str, Any]) -> None:
        """Delete the object a manifest names; an absent one is a success."""
        try:
            self.request("DELETE", path_of(namespace, kind))
        except ApiException as refusal:
            if refusal.status != 404:
                raise

    def merge(self, path: str, change: dict[str, Any]) -> dict[str, Any]:
        """Change fields of the object at `path`; None removes one (RFC 7386). The object as it is then."""
        return self.request("PATCH", path, change, content_type="application/merge-patch+json")

    def get(self, path: str) -> dict[str, Any]:
        """GET a path of the API server as JSON."""
        return self.request("GET", path)

    def request(
        self, method: str, path: str, body: dict[str, Any] | None = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """One request with a JSON answer. Raises `ApiException`, `ClusterUnreachable`."""
        with self.reaching():
            found: dict[str, Any] = json.loads(self._send(method, path, body, content_type).read())
        return found

    def text(self, path: str) -> str:
        """GET a path of the API server that answers in plain text."""
        with self.reaching():
            return str(self._send("GET", path, None, "application/json", accept="*/*").read().decode())

    def find(self, path: str) -> dict[str, Any] | None:
        """GET a path of the API server as JSON; None if there is nothing."""
        try:
            return self.get(path)
        except ApiException as refusal:
            if refusal.status == 404:
                return None
            raise

    def stream(self, path: str) -> Iterator[dict[str, Any]]:
        """GET JSON documents, one a line, each as soon as it arrives, until the server ends the answer."""
        with self.reaching():
            answer = self._send("GET", path, None, "application/json")
            try:
                yield from (json.loads(line) for line in answer.response if line.strip())
            finally:
                answer.response.close()

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, content_type: str, accept: str = "application/json"
    ) -> Any:
        wanted = self._api.param_serialize(
            method,
            path,
            header_params={"Content-Type": content_type, "Accept": accept},
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = self._api.call_api(*wanted)
        if answer.status >= 300:
            refusal = ApiException(status=answer.status, reason=f"{method} {path}: {answer.reason}")
            refusal.body = answer.read().decode(errors="replace")
            raise refusal
        return answer

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
        """Run a program in a pod, which reads `stdin` to its end.

        Any exit code is an answer; -1 stands for "did not end in time", for a container that went away and
        for a program that could not be started, with the reason after what it wrote to stderr.
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
                exit_code, why = _ending(socket.read_channel(ERROR_CHANNEL)) if ended else (-1, "")
            finally:
                # close() leaves the connection open when the server has said farewell first.
                socket.close()
                socket.sock.shutdown()
        return ExecResult(stdout, stderr + why, exit_code)

    def _open_exec(self, namespace: str, pod: str, argv: tuple[str, ...], *, container: str | None, stdin: bool) -> Any:
        # `stream` changes the API client that it is given for as long as it runs: it must not be a shared one.
        own = client.CoreV1Api(client.ApiClient(self._configuration))
        named = {} if container is None else {"container": container}
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
                **named,
            )
        except ApiException as wrapped:
            # Whatever ends a handshake, Ctrl-C included, arrives as an ApiException with status 0.
            cause = wrapped.__context__
            if isinstance(cause, WebSocketBadStatusException):
                reason = f"exec in {namespace}/{pod}: {(cause.resp_body or b'').decode(errors='replace').strip()}"
                raise ApiException(status=cause.status_code, reason=reason) from cause
            if cause is not None:
                raise cause from None
            raise

    def logs(self, namespace: str, pod: str, *, container: str | None = None, previous: bool = False) -> str:
        """A container's log, or what became of the question."""
        named: dict[str, Any] = {} if container is None else {"container": container}
        with self.reaching():
            return str(
                self.core.read_namespaced_pod_log(
                    pod, namespace, previous=previous, limit_bytes=256 * 1024, _request_timeout=30, **named
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
    """The typed APIs' way out: with a time-out where the caller names none, and a name for what fails."""

    def __init__(self, configuration: Any, reaching: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__(configuration)
        self._reaching = reaching

    def call_api(self, *wanted: Any, _request_timeout: Any = None, **more: Any) -> Any:
        unbound: Any = super()
        with self._reaching():
            return unbound.call_api(*wanted, _request_timeout=_request_timeout or REQUEST_TIMEOUT_S, **more)


def _run_to_end(socket: Any, timeout_s: float) -> bool:
    """Read until the program has ended; False if it has not within `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while socket.is_open():
        remaining_s = deadline_s - time.monotonic()
        if remaining_s <= 0:
            return False
        socket.update(timeout=min(remaining_s, 1.0))
    return True


def _ending(status: str) -> tuple[int, str]:
    """The exit code, or -1 and why there is none, from the status object that ends an exec.

    https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Status
    """
    if not status:
        return -1, "the connection ended without a status"
    told = json.loads(status)
    if told["status"] == "Success":
        return 0, ""
    for cause in told.get("details", {}).get("causes", []):
        if cause.get("reason") == "ExitCode":
            return int(cause["message"]), ""
    return -1, str(told.get("message", status))
