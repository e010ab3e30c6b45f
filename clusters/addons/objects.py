"""The parts that manifests of add-ons have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RBAC_GROUP = "rbac.authorization.k8s.io"
RBAC = f"{RBAC_GROUP}/v1"

Rule = tuple[str, list[str], list[str]]
"""API group, resources, verbs."""


def named(api: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
    """The head of an object."""
    place = {} if namespace is None else {"namespace": namespace}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **place}}


def namespace(name: str, *, privileged: bool = False) -> dict[str, Any]:
    """A namespace; `privileged` if pods there may do as they like on a cluster with pod security admission."""
    made = named("v1", "Namespace", name)
    if privileged:
        made["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "privileged"}
    return made


def custom_resource(group: str, plural: str, kind: str, *versions: str) -> dict[str, Any]:
    """A kind that lives in namespaces, with a status of its own and a schema that takes everything.

    It is stored in the last of its versions, and is the same in all.
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


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount in `namespace` and what it may do: in all namespaces, in its own, and by roles that are there.

    Such a role is its kind and name; a Role is one of the account's own namespace.
    """

    name: str
    namespace: str
    everywhere: tuple[Rule, ...] = ()
    here: tuple[Rule, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()

    def manifests(self) -> tuple[dict[str, Any], ...]:
        """The account, its roles and their bindings."""
        made = [named("v1", "ServiceAccount", self.name, self.namespace)]
        for kind, place, rules in (("ClusterRole", None, self.everywhere), ("Role", self.namespace, self.here)):
            if rules:
                made.append({**named(RBAC, kind, self.name, place), "rules": list(map(_rule, rules))})
                made.append(self._binding(self.name, kind, self.name))
        made += [self._binding(f"{self.name}:{role}", kind, role) for kind, role in self.roles]
        return tuple(made)

    def _binding(self, name: str, kind: str, role: str) -> dict[str, Any]:
        return {
            **named(RBAC, f"{kind}Binding", name, self.namespace if kind == "Role" else None),
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": kind, "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}],
        }


def _rule(rule: Rule) -> dict[str, Any]:
    group, resources, verbs = rule
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}
