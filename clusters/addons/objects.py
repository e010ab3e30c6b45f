"""Common parts of the manifests of add-ons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RBAC_GROUP = "rbac.authorization.k8s.io"
RBAC = f"{RBAC_GROUP}/v1"

Rule = tuple[str, list[str], list[str]]
"""An RBAC rule: API group, resources, verbs."""


def named(api: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
    """Return an object with apiVersion, kind and metadata only."""
    scope = {} if namespace is None else {"namespace": namespace}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **scope}}


def namespace(name: str, *, privileged: bool = False) -> dict[str, Any]:
    """Return a namespace. `privileged` sets the pod security level `privileged`, which allows all pods."""
    manifest = named("v1", "Namespace", name)
    if privileged:
        manifest["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "privileged"}
    return manifest


def custom_resource(group: str, plural: str, kind: str, *versions: str) -> dict[str, Any]:
    """Return the definition of a namespaced custom resource with a status subresource and a schema without rules.

    All versions are the same; objects are stored in the last one.
    """
    return {
        **named("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}"),
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[-1],
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    },
                }
                for version in versions
            ],
        },
    }


def workload(kind: str, name: str, namespace: str, labels: dict[str, str], pod: dict[str, Any]) -> dict[str, Any]:
    """Return a Deployment or DaemonSet whose pods have `labels` and the spec `pod`."""
    return {
        **named("apps/v1", kind, name, namespace),
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def add_on_pod(account: str, container: dict[str, Any], *, every_node: bool = False, **fields: Any) -> dict[str, Any]:
    """Return the spec of an add-on's pod: of one on the control plane node, or of those on `every_node`.

    `fields` are further fields of the spec.
    """
    # The control plane node always exists, and no case stops it or evicts pods from it.
    placement = {} if every_node else {"nodeSelector": {"node-role.kubernetes.io/control-plane": ""}}
    return {
        "serviceAccountName": account,
        "priorityClassName": "system-cluster-critical",
        **placement,
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        **fields,
    }


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount in `namespace` and its permissions.

    `everywhere` are rules for all namespaces, `here` rules for its own namespace. `roles` are existing roles, each by
    kind and name; a Role is in the account's own namespace.
    """

    name: str
    namespace: str
    everywhere: tuple[Rule, ...] = ()
    here: tuple[Rule, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()

    def manifests(self) -> tuple[dict[str, Any], ...]:
        """Return the ServiceAccount, its roles and their bindings."""
        manifests = [named("v1", "ServiceAccount", self.name, self.namespace)]
        for kind, scope, rules in (("ClusterRole", None, self.everywhere), ("Role", self.namespace, self.here)):
            if rules:
                manifests.append({**named(RBAC, kind, self.name, scope), "rules": list(map(_rule, rules))})
                manifests.append(self._binding(self.name, kind, self.name))
        manifests += [self._binding(f"{self.name}:{role}", kind, role) for kind, role in self.roles]
        return tuple(manifests)

    def _binding(self, name: str, kind: str, role: str) -> dict[str, Any]:
        return {
            **named(RBAC, f"{kind}Binding", name, self.namespace if kind == "Role" else None),
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": kind, "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}],
        }


def _rule(rule: Rule) -> dict[str, Any]:
    group, resources, verbs = rule
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}
