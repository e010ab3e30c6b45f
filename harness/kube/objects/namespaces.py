"""Namespaces of the harness, which are deleted when their block ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.kube.client import Kube

DEFAULT_ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}


@contextmanager
def own_namespace(kube: Kube, metadata: dict[str, Any]) -> Iterator[str]:
    """Create a namespace that admits pods at once, yield its name, and delete it at the end of the block.

    The name is the API server's choice if `metadata` has a generateName. A namespace admits no pods without its
    default ServiceAccount (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/), so this
    function creates that, too. A controller would create it later if the controller-manager has just started, and
    never if a case or a fault has stopped the controller-manager.
    """
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    name = str(kube.request("POST", "/api/v1/namespaces", manifest)["metadata"]["name"])
    try:
        kube.apply(name, DEFAULT_ACCOUNT)
        yield name
    finally:
        kube.request("DELETE", f"/api/v1/namespaces/{name}")
