"""Namespaces of ours, which go when their block ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.kube.client import Kube

DEFAULT_ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}


@contextmanager
def own_namespace(kube: Kube, metadata: dict[str, Any]) -> Iterator[str]:
    """A namespace that admits pods from its first moment on; its name, which may be the server's choice.

    Without its default ServiceAccount a namespace admits none
    (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/). A controller makes one, too, but
    it comes late where the controller-manager has just begun, and never where a case or a fault has stopped that.
    """
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    name = str(kube.request("POST", "/api/v1/namespaces", manifest)["metadata"]["name"])
    try:
        kube.apply(name, DEFAULT_ACCOUNT)
        yield name
    finally:
        kube.request("DELETE", f"/api/v1/namespaces/{name}")
