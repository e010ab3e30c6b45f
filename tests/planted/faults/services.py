"""Faults of Services: kube-proxy ignores a field, because the stored object lacks or changes that field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clusters.spec import Mode
from tests.planted import samples
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, replaced
from tests.planted.means.kernel import FILTER_OUTPUT, packet_rule
from tests.planted.suites import (
    CLUSTER_IP,
    EXTERNAL_POLICY,
    INTERNAL_POLICY,
    NO_ENDPOINTS,
    NODE_PORT,
    READINESS,
    TERMINATING,
)
from tests.planted.trial.expectation import Expectation

IS_READY = "(!has(e.conditions.ready) || e.conditions.ready)"
IS_TERMINATING = "(has(e.conditions.terminating) && e.conditions.terminating)"
"""CEL conditions of the endpoint `e`."""


@contextmanager
def _policy_ignored(site: Site, policy: str) -> Iterator[None]:
    with altered(
        site,
        samples.service(**{policy: "Local"}),
        when=f"has(object.spec.{policy}) && object.spec.{policy} == 'Local'",
        patch=replaced(f"/spec/{policy}", "'Cluster'"),
        seen=lambda made: made["spec"][policy] == "Cluster",
    ):
        yield


@contextmanager
def _internal_policy_ignored(site: Site) -> Iterator[None]:
    with _policy_ignored(site, "internalTrafficPolicy"):
        yield


@contextmanager
def _external_policy_ignored(site: Site) -> Iterator[None]:
    with _policy_ignored(site, "externalTrafficPolicy"):
        yield


@contextmanager
def _unready_stays(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.endpoint(ready=False, serving=False),
        when=f"has(object.endpoints) && object.endpoints.exists(e, !{IS_READY} && !{IS_TERMINATING})",
        patch=_endpoints_with(f"ready: !{IS_TERMINATING}, serving: true, terminating: {IS_TERMINATING}"),
        seen=lambda made: bool(made["endpoints"][0]["conditions"]["ready"]),
    ):
        yield


@contextmanager
def _terminating_does_not_serve(site: Site) -> Iterator[None]:
    serves = "(!has(e.conditions.serving) || e.conditions.serving)"
    with altered(
        site,
        samples.endpoint(ready=False, serving=True, terminating=True),
        when=f"has(object.endpoints) && object.endpoints.exists(e, {IS_TERMINATING} && {serves})",
        patch=_endpoints_with(
            f"ready: {IS_READY}, serving: {serves} && !{IS_TERMINATING}, terminating: {IS_TERMINATING}"
        ),
        seen=lambda made: not made["endpoints"][0]["conditions"]["serving"],
    ):
        yield


def _endpoints_with(conditions: str) -> str:
    """Return a JSON patch in CEL that sets the conditions of every endpoint."""
    endpoint = f"Object.endpoints{{addresses: e.addresses, conditions: Object.endpoints.conditions{{{conditions}}}}}"
    return replaced("/endpoints", f"object.endpoints.map(e, {endpoint})")


@contextmanager
def _refusals_dropped(site: Site) -> Iterator[None]:
    with packet_rule(site, site.worker, FILTER_OUTPUT, "icmp type destination-unreachable drop"):
        yield


FAULTS = (
    Fault(
        "internalTrafficPolicy Local is taken for Cluster",
        _internal_policy_ignored,
        expect=(Expectation(INTERNAL_POLICY, "web.wait_programmed(web.pods.values(), near)"),),
        bystanders=(EXTERNAL_POLICY,),
    ),
    Fault(
        "externalTrafficPolicy Local is taken for Cluster",
        _external_policy_ignored,
        expect=(Expectation(EXTERNAL_POLICY, "seen by the backends on"),),
        bystanders=(INTERNAL_POLICY,),
    ),
    Fault(
        "an unready endpoint stays ready",
        _unready_stays,
        expect=(Expectation(READINESS, "endpoints.require()"),),
        bystanders=(NODE_PORT,),
    ),
    Fault(
        "terminating endpoints do not serve",
        _terminating_does_not_serve,
        expect=(Expectation(TERMINATING, 'leave("second") web.wait_programmed(addresses.values())'),),
        bystanders=(READINESS,),
    ),
    Fault(
        "a Service without endpoints drops connections, it does not refuse them",
        _refusals_dropped,
        expect=(Expectation(NO_ENDPOINTS, "was not refused"),),
        bystanders=(CLUSTER_IP,),
        modes=frozenset({Mode.IPTABLES, Mode.NFTABLES}),
    ),
)
