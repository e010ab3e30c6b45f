"""Parsers for refusals: the fields that the API server rejects, and the scheduler's reasons for rejecting nodes."""

from __future__ import annotations

import json
import re
from typing import Any

from kubernetes.client.exceptions import ApiException

from harness.kube.status import unschedulable

UNKNOWN_FIELD = re.compile(r'unknown field "([^"]+)"')
"""https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation (strict)"""

LEFT_OUT = re.compile(r"0/\d+ nodes are available: (?P<reasons>.*?)\.(?: |$)")
REASON = re.compile(r"(\d+) (.+?)(?:, (?=\d+ )|$)")
"""The format of `FitError` in pkg/scheduler/framework/types.go of Kubernetes."""


def refused_fields(refusal: ApiException) -> frozenset[str]:
    """Return the paths of the fields that the API server found invalid or unknown, from the Status in its response.

    https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Status
    """
    try:
        status = json.loads(str(refusal.body))
    except ValueError:
        return frozenset()
    causes = (status.get("details") or {}).get("causes") or []
    invalid = {str(cause["field"]) for cause in causes if "field" in cause}
    return frozenset(invalid | set(UNKNOWN_FIELD.findall(str(status.get("message", "")))))


def rejected_nodes(pod: dict[str, Any]) -> dict[str, int]:
    """Return how many nodes the scheduler rejected for the pod, by reason; empty if it reports no such reasons."""
    found = LEFT_OUT.match(unschedulable(pod) or "")
    return {} if found is None else {reason: int(count) for count, reason in REASON.findall(found["reasons"])}
