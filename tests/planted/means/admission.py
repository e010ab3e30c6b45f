"""Defects of stored objects: an admission policy changes or refuses objects of cases before they are stored.

Controllers, the scheduler and kubelets act on stored objects, so removing a field from an object has the same effect as
a component that ignores the field. https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from kubernetes.client.exceptions import ApiException

from harness.kube.kinds import collection
from harness.kube.wait import wait_until
from tests.planted.fault import NAMESPACE, Site

POLICIES = "/apis/admissionregistration.k8s.io/v1"
NAME = "planted.kubeproof.io"
SEEN_DEADLINE_S = 60.0
REFUSAL = "planted"
OF_CASES = {"namespaceSelector": {"matchExpressions": [{"key": "io.kubeproof.case", "operator": "Exists"}]}}
KINDS = {
    "Deployment": ("apps", "deployments"),
    "EndpointSlice": ("discovery.k8s.io", "endpointslices"),
    "HorizontalPodAutoscaler": ("autoscaling", "horizontalpodautoscalers"),
    "Pod": ("", "pods"),
    "Service": ("", "services"),
}


def removed(*paths: str) -> str:
    """Return a JSON patch in CEL that removes fields."""
    return "[" + ", ".join(f'JSONPatch{{op: "remove", path: "{path}"}}' for path in paths) + "]"


def replaced(path: str, value: str) -> str:
    """Return a JSON patch in CEL that sets a field, whether it exists or not, to the value of an expression."""
    return f'[JSONPatch{{op: "add", path: "{path}", value: {value}}}]'


@contextmanager
def altered(
    site: Site, sample: dict[str, Any], when: str, patch: str, seen: Callable[[dict[str, Any]], bool]
) -> Iterator[None]:
    """Patch objects of the kind of `sample` in cases' namespaces when they are created or updated.

    `when`, the condition, and `patch`, a JSON patch, are CEL. `seen` returns whether an object, the API server's answer
    to a dry run of the sample, shows the change.
    """
    spec = {
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
        "reinvocationPolicy": "Never",
    }
    with _in_effect(site, _policy(site, "Mutating", sample, when, spec), lambda: seen(_dry_run(site, sample))):
        yield


@contextmanager
def refused(site: Site, sample: dict[str, Any], when: str) -> Iterator[None]:
    """Let the API server refuse objects of the kind of `sample` in cases' namespaces for which `when`, in CEL, is true."""
    spec = {"validations": [{"expression": "false", "message": REFUSAL}]}

    def seen() -> bool:
        try:
            _dry_run(site, sample)
        except ApiException as error:
            return REFUSAL in str(error.body)
        return False

    with _in_effect(site, _policy(site, "Validating", sample, when, spec), seen):
        yield


@contextmanager
def _in_effect(site: Site, policy: AbstractContextManager[None], seen: Callable[[], bool]) -> Iterator[None]:
    """Wait until the policy is in effect, and after its removal until it is not: each takes some time after the request."""
    name = f"policy {NAME} of cluster {site.cluster.name}"
    try:
        with policy:
            wait_until(f"{name} in effect", seen, bool, deadline_s=SEEN_DEADLINE_S)
            yield
    finally:
        wait_until(f"{name} without effect", lambda: not seen(), bool, deadline_s=SEEN_DEADLINE_S)


@contextmanager
def _policy(site: Site, kind: str, sample: dict[str, Any], when: str, spec: dict[str, Any]) -> Iterator[None]:
    group, resource = KINDS[sample["kind"]]
    rule = {"apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": ["CREATE", "UPDATE"]}
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}AdmissionPolicy",
        "metadata": {"name": NAME},
        "spec": {
            "matchConstraints": {**OF_CASES, "resourceRules": [rule]},
            "matchConditions": [{"name": "planted", "expression": when}],
            "failurePolicy": "Fail",
            **spec,
        },
    }
    actions = {"validationActions": ["Deny"]} if kind == "Validating" else {}
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}AdmissionPolicyBinding",
        "metadata": {"name": NAME},
        "spec": {"policyName": NAME, **actions},
    }
    with ExitStack() as undo:
        for name, manifest in (("policies", policy), ("policybindings", binding)):
            path = f"{POLICIES}/{kind.lower()}admission{name}"
            site.kube.request("POST", path, manifest)
            undo.callback(site.kube.request, "DELETE", f"{path}/{NAME}")
        yield


def _dry_run(site: Site, sample: dict[str, Any]) -> dict[str, Any]:
    """Return the object that the API server would store for the sample."""
    return site.kube.request("POST", f"{collection(NAMESPACE, sample)}?dryRun=All", sample)
