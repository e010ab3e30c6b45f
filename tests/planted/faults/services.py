"""Services do not do what their specs say: what kube-proxy gets to read has lost or changed a field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.planted import samples
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, replaced
from tests.planted.suites import NODE_PORT, READINESS

IS_READY = "(!has(e.conditions.ready) || e.conditions.ready)"
IS_LEAVING = "(has(e.conditions.terminating) && e.conditions.terminating)"
"""In CEL, of the endpoint `e`."""


@contextmanager
def _unready_stays(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.endpoint(ready=False, serving=False),
        when=f"has(object.endpoints) && object.endpoints.exists(e, !{IS_READY} && !{IS_LEAVING})",
        patch=_endpoints_with(f"ready: !{IS_LEAVING}, serving: true, terminating: {IS_LEAVING}"),
        seen=lambda made: bool(made["endpoints"][0]["conditions"]["ready"]),
    ):
        yield


def _endpoints_with(conditions: str) -> str:
    """A JSON patch in CEL that gives every endpoint other conditions."""
    endpoint = f"Object.endpoints{{addresses: e.addresses, conditions: Object.endpoints.conditions{{{conditions}}}}}"
    return replaced("/endpoints", f"object.endpoints.map(e, {endpoint})")


FAULTS = (
    Fault(
        "an unready endpoint stays ready",
        _unready_stays,
        caught_by=(READINESS,),
        bystanders=(NODE_PORT,),
    ),
)
