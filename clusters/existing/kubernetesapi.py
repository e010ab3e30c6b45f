"""Calls to the API server of an existing cluster, by the official Python client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.stream import portforward, stream
from kubernetes.stream.ws_client import ERROR_CHANNEL
from websocket import WebSocketException

from clusters.errors import ClusterNotReady, ClusterUnreachable, CommandFailed, UsageError
from clusters.execstatus import ExecStatus
from clusters.existing.api import SYSTEM, ProxyPod
from clusters.existing.podstart import pull_refusals
from clusters.host.command import CommandResult
from clusters.host.samples import samples_within

REQUEST_TIMEOUT_S = 30
FORWARD_TIMEOUT_S = 5.0
LOG_BYTES = 64 * 1024
PROXY_LABELS = (("k8s-app", "kube-proxy"), ("component", "kube-proxy"))
"""The labels of kube-proxy pods: the first in clusters of kubeadm, kind and EKS, the second in GKE and AKS."""


class KubernetesApi:
    """The API server of one context of a kubeconfig. Raises `UsageError` if the client cannot read the context."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        self._name = context
        self._configuration = cast(Any, client.Configuration())
        try:
            # Do not change the user's file, not even when a token is refreshed.
            config.load_kube_config(
                str(kubeconfig), context=context, client_configuration=self._configuration, persist_config=False
            )
        except (ConfigException, AttributeError, TypeError, ValueError) as failure:  # last three: malformed entries
            raise UsageError(f"context {context} of kubeconfig {kubeconfig} is unusable: {failure}") from failure
        self._configuration.retries = False
        self._api: Any = client.ApiClient(self._configuration)
        self._core = client.CoreV1Api(self._api)

    def version(self) -> str:
        return str(self._get("/version")["gitVersion"]).removeprefix("v")

    def nodes(self) -> tuple[dict[str, Any], ...]:
        return tuple(self._get("/api/v1/nodes")["items"])

    def proxy_pods(self) -> tuple[ProxyPod, ...]:
        pods = self._get(f"/api/v1/namespaces/{SYSTEM}/pods")["items"]
        return tuple(
            ProxyPod(pod["metadata"]["name"], pod["spec"]["nodeName"], pod["spec"]["containers"][0]["image"])
            for pod in pods
            if pod["status"].get("phase") == "Running"
            and any((pod["metadata"].get("labels") or {}).get(label) == value for label, value in PROXY_LABELS)
        )

    def config_map(self, name: str) -> dict[str, str] | None:
        found = self._get(f"/api/v1/namespaces/{SYSTEM}/configmaps/{name}", absent={})
        return None if not found else dict(found.get("data") or {})

    def service_cidr(self) -> str:
        # ServiceCIDR objects exist since Kubernetes 1.33.
        found = self._get("/apis/networking.k8s.io/v1/servicecidrs", absent={"items": []})
        cidrs = (cidr for item in found["items"] for cidr in item["spec"]["cidrs"] if ":" not in cidr)
        return next(cidrs, "") or self._service_cidr_by_refusal()

    def get_from_pod(self, pod: str, port: int, path: str) -> str:
        request = ("GET", f"pod {SYSTEM}/{pod}:{port}{path}")
        try:
            forward: Any = portforward(
                self._own_core().connect_get_namespaced_pod_portforward, pod, SYSTEM, ports=str(port)
            )
        except ApiException as refusal:
            raise CommandFailed(request, 1, "", f"port-forward refused: {refusal.reason}") from refusal
        try:
            response = _http_get(forward.socket(port), path)
        except OSError as failure:
            raise CommandFailed(request, 1, "", forward.error(port) or str(failure)) from failure
        finally:
            _close_forward(forward)
        head, _, body = response.decode(errors="replace").partition("\r\n\r\n")
        if not re.match(r"HTTP/1\.\d 200 ", head):
            raise CommandFailed(request, 1, "", forward.error(port) or head.partition("\r\n")[0] or "no response")
        return body

    def log(self, pod: str) -> str:
        with self._reaching():
            return str(
                self._core.read_namespaced_pod_log(
                    pod, SYSTEM, limit_bytes=LOG_BYTES, _request_timeout=REQUEST_TIMEOUT_S
                )
            )

    def exec(self, pod: str, argv: tuple[str, ...], timeout_s: float, namespace: str = SYSTEM) -> CommandResult:
        try:
            socket: Any = stream(
                self._own_core().connect_get_namespaced_pod_exec,
                pod,
                namespace,
                command=list(argv),
                stdin=False,
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
            )
        except ApiException as failure:
            raise CommandFailed(argv, 1, "", f"exec into pod {namespace}/{pod}: {failure.reason}") from failure
        try:
            socket.run_forever(timeout=timeout_s)
            stdout, stderr = str(socket.read_stdout(timeout=0)), str(socket.read_stderr(timeout=0))
            status = None if socket.is_open() else ExecStatus.parse(socket.read_channel(ERROR_CHANNEL))
        except (WebSocketException, OSError) as failure:
            raise CommandFailed(argv, -1, "", f"exec into pod {namespace}/{pod} broke: {failure}") from failure
        finally:
            # close() leaves the connection open if the server has sent its close frame first.
            socket.close()
            socket.sock.shutdown()
        if status is None:
            raise CommandFailed(argv, None, stdout, stderr)
        if status.exit_code != 0:
            raise CommandFailed(argv, status.exit_code, stdout, stderr or status.message)
        return CommandResult(stdout, stderr)

    def run_pod(self, manifest: dict[str, Any], timeout_s: float) -> None:
        name = manifest["metadata"]["name"]
        with self._reaching():
            self._core.create_namespaced_pod(SYSTEM, cast(Any, manifest), _request_timeout=REQUEST_TIMEOUT_S)
        # A watch is not worth its effort for a pod that starts within a second or two.
        read = partial(self._get, f"/api/v1/namespaces/{SYSTEM}/pods/{name}")
        for sample in samples_within(read, limit_s=timeout_s, interval_s=0.2):
            phase = str(sample.seen.get("status", {}).get("phase"))
            if phase == "Running":
                return
            if phase in ("Failed", "Succeeded") or sample.last:
                refusals = "".join(f"; {refusal.words}" for refusal in pull_refusals(sample.seen))
                raise ClusterNotReady(
                    f"pod {SYSTEM}/{name} of cluster {self._name} is {phase}, expected Running{refusals}",
                    remedy="the node must be able to pull the pod's image",
                )

    def delete_pod(self, name: str, namespace: str = SYSTEM) -> None:
        with self._reaching(), _tolerating(404):
            self._core.delete_namespaced_pod(
                name, namespace, grace_period_seconds=0, _request_timeout=REQUEST_TIMEOUT_S
            )

    def create_namespace(self, name: str, labels: dict[str, str], annotations: dict[str, str]) -> None:
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        with self._reaching():
            self._core.create_namespace(cast(Any, {"metadata": metadata}), _request_timeout=REQUEST_TIMEOUT_S)
            # A namespace admits pods only if it has its default ServiceAccount, which a controller creates later.
            with _tolerating(409):
                self._core.create_namespaced_service_account(
                    name, cast(Any, {"metadata": {"name": "default"}}), _request_timeout=REQUEST_TIMEOUT_S
                )

    def namespaces(self, label: str) -> tuple[dict[str, Any], ...]:
        return tuple(self._get(f"/api/v1/namespaces?labelSelector={label}")["items"])

    def delete_namespace(self, name: str) -> None:
        with self._reaching(), _tolerating(404):
            self._core.delete_namespace(name, _request_timeout=REQUEST_TIMEOUT_S)

    def create_pod(self, namespace: str, manifest: dict[str, Any]) -> None:
        with self._reaching(), _tolerating(409):
            self._core.create_namespaced_pod(namespace, cast(Any, manifest), _request_timeout=REQUEST_TIMEOUT_S)

    def pods(self, namespace: str) -> tuple[dict[str, Any], ...]:
        return tuple(self._get(f"/api/v1/namespaces/{namespace}/pods")["items"])

    def _get(self, path: str, absent: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON document at `path`; for a 404, return `absent` if it is given."""
        request = self._api.param_serialize(
            "GET", path, header_params={"Accept": "application/json"}, auth_settings=["BearerToken"]
        )
        with self._reaching():
            response = self._api.call_api(*request, _request_timeout=REQUEST_TIMEOUT_S)
            text = response.read()
            if response.status == 404 and absent is not None:
                return absent
            if response.status >= 300:
                raise ApiException(status=response.status, reason=f"GET {path}: {response.reason}")
        found: dict[str, Any] = json.loads(text)
        return found

    def _service_cidr_by_refusal(self) -> str:
        """Return the Service CIDR from the error about an address outside of it, which older API servers report.

        The request is a dry run, so that nothing is stored.
        """
        service = {"metadata": {"name": "kubeproof-asks"}, "spec": {"clusterIP": "192.0.2.1", "ports": [{"port": 1}]}}
        try:
            self._core.create_namespaced_service(SYSTEM, cast(Any, service), dry_run="All")
        except ApiException as refusal:
            match = re.search(r"valid IPs is (\d[\d./]+\d)", str(refusal.body))
            return match[1] if match else ""
        return ""

    def _own_core(self) -> Any:
        """Return a new client. Opening a stream modifies its client, so each stream needs its own."""
        return client.CoreV1Api(client.ApiClient(self._configuration))

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turn errors of the client into `UsageError` and `ClusterUnreachable`."""
        try:
            yield
        except ApiException as refusal:
            if refusal.status in (401, 403):
                raise UsageError(
                    f"the credentials of context {self._name} do not suffice: {_message_of(refusal)}",
                    remedy="Kubeproof reads nodes, and pods, logs and ConfigMaps of kube-system, and creates its own "
                    "namespaces with pods in them",
                ) from refusal
            raise ClusterUnreachable(f"cluster {self._name}: {refusal.status} {_message_of(refusal)}") from refusal
        except (urllib3.exceptions.HTTPError, OSError) as failure:
            raise ClusterUnreachable(
                f"the API server of cluster {self._name} does not answer: {failure}",
                remedy=f"`kubectl --context {self._name} get --raw /readyz` should print ok",
            ) from failure


@contextmanager
def _tolerating(status: int) -> Iterator[None]:
    """Ignore an error response of that status."""
    try:
        yield
    except ApiException as refusal:
        if refusal.status != status:
            raise


def _message_of(refusal: ApiException) -> str:
    """Return the message of the Status object in an error response, or the HTTP reason if there is none."""
    try:
        message = json.loads(refusal.body or "{}").get("message")
    except (ValueError, AttributeError):
        message = None
    return str(message or refusal.reason)


def _http_get(socket: Any, path: str) -> bytes:
    socket.settimeout(FORWARD_TIMEOUT_S)
    socket.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    response = b""
    while part := socket.recv(65536):
        response += part
    return response


def _close_forward(forward: Any) -> None:
    """Close the local socket and the websocket. The client leaves the latter open if the server closes it first."""
    forward.close()
    # The client's thread sends a close frame after this close; there is no event to wait for.
    for sample in samples_within(lambda: forward.connected, limit_s=FORWARD_TIMEOUT_S, interval_s=0.01):
        if not sample.seen:
            break
    forward.websocket.shutdown()
