"""Faults of the kubelet: it ignores a field of a pod's spec, because the stored pod lacks or changes that field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.planted import samples
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, removed, replaced
from tests.planted.suites import (
    ANSWERS,
    CONTENT,
    INIT_ORDER,
    LIVENESS,
    NEVER_STARTS,
    PHASES,
    PULL_POLICIES,
    READINESS,
    RESTART_POLICY,
    SIDECAR,
    STARTUP,
)
from tests.planted.trial.expectation import Expectation

MAIN = "/spec/containers/0"


def _main_container(made: dict[str, Any]) -> dict[str, Any]:
    return dict(made["spec"]["containers"][0])


@contextmanager
def _probe_ignored(site: Site, probe: str) -> Iterator[None]:
    with altered(
        site,
        samples.pod(),
        when=f"has(object.spec.containers[0].{probe})",
        patch=removed(f"{MAIN}/{probe}"),
        seen=lambda made: probe not in _main_container(made),
    ):
        yield


@contextmanager
def _liveness_ignored(site: Site) -> Iterator[None]:
    with _probe_ignored(site, "livenessProbe"):
        yield


@contextmanager
def _startup_ignored(site: Site) -> Iterator[None]:
    with _probe_ignored(site, "startupProbe"):
        yield


@contextmanager
def _unready_late(site: Site) -> Iterator[None]:
    """Pods still become ready at their first success, so a case gets as far as the failure that it is about."""
    with altered(
        site,
        samples.pod(),
        when=(
            "has(object.spec.containers[0].readinessProbe) && "
            "object.spec.containers[0].readinessProbe.failureThreshold < 120"
        ),
        patch=replaced(f"{MAIN}/readinessProbe/failureThreshold", "120"),
        seen=lambda made: _main_container(made)["readinessProbe"]["failureThreshold"] == 120,
    ):
        yield


@contextmanager
def _always_restarted(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.pod(),
        when="object.spec.restartPolicy == 'Never'",
        patch=replaced("/spec/restartPolicy", "'Always'"),
        seen=lambda made: made["spec"]["restartPolicy"] == "Always",
    ):
        yield


@contextmanager
def _never_restarted(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.pod(restartPolicy="OnFailure"),
        when="object.spec.restartPolicy == 'OnFailure'",
        patch=replaced("/spec/restartPolicy", "'Never'"),
        seen=lambda made: made["spec"]["restartPolicy"] == "Never",
    ):
        yield


@contextmanager
def _init_reversed(site: Site) -> Iterator[None]:
    inits = [{"name": name, "image": "none"} for name in ("a", "b")]
    with altered(
        site,
        samples.pod(initContainers=inits),
        when="request.operation == 'CREATE' && has(object.spec.initContainers) && size(object.spec.initContainers) == 2",
        patch='[JSONPatch{op: "move", from: "/spec/initContainers/1", path: "/spec/initContainers/0"}]',
        seen=lambda made: [found["name"] for found in made["spec"]["initContainers"]] == ["b", "a"],
    ):
        yield


@contextmanager
def _sidecar_as_init_container(site: Site) -> Iterator[None]:
    sidecar = {"name": "a", "image": "none", "restartPolicy": "Always", "startupProbe": samples.PROBE}
    # The probe as well, because the API server refuses one in an init container that is not a sidecar.
    fields = ("restartPolicy", "startupProbe")
    with altered(
        site,
        samples.pod(initContainers=[sidecar]),
        when="has(object.spec.initContainers) && has(object.spec.initContainers[0].restartPolicy)",
        patch=removed(*(f"/spec/initContainers/0/{field}" for field in fields)),
        seen=lambda made: "restartPolicy" not in made["spec"]["initContainers"][0],
    ):
        yield


@contextmanager
def _always_pull_ignored(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.pod(),
        when="object.spec.containers[0].imagePullPolicy == 'Always'",
        patch=replaced(f"{MAIN}/imagePullPolicy", "'IfNotPresent'"),
        seen=lambda made: _main_container(made)["imagePullPolicy"] == "IfNotPresent",
    ):
        yield


FAULTS = (
    Fault(
        "no liveness probe is run",
        _liveness_ignored,
        expect=(Expectation(LIVENESS, "pods = ended.require()"),),
        bystanders=(NEVER_STARTS,),
    ),
    Fault(
        "no startup probe is run",
        _startup_ignored,
        expect=(Expectation(NEVER_STARTS, 'waits.wait_pod(namespace, "never-starts", "restarted"'),),
        bystanders=(LIVENESS,),
    ),
    Fault(
        "a pod stays ready until its readiness probe has failed 120 times",
        _unready_late,
        expect=(Expectation(READINESS, "endpoints.require()"),),
        bystanders=(ANSWERS,),
    ),
    Fault(
        "containers are restarted whatever their policy",
        _always_restarted,
        expect=(Expectation(PHASES, "assert holds, seen"),),
        bystanders=(STARTUP,),
    ),
    Fault(
        "containers that failed are not restarted under OnFailure",
        _never_restarted,
        expect=(
            Expectation(
                RESTART_POLICY,
                'waits.wait_pod(namespace, pod_name(*key), "restarted"',
                message="last seen: onfailure-1 Failed",
            ),
        ),
        bystanders=(INIT_ORDER,),
    ),
    Fault(
        "init containers run in reverse order",
        _init_reversed,
        expect=(Expectation(INIT_ORDER, "assert in_order, notes"),),
        bystanders=(SIDECAR,),
    ),
    Fault(
        "a sidecar is treated as an ordinary init container",
        _sidecar_as_init_container,
        expect=(Expectation(SIDECAR, '"running with its app"'),),
        bystanders=(INIT_ORDER,),
    ),
    Fault(
        "imagePullPolicy Always is taken for IfNotPresent",
        _always_pull_ignored,
        expect=(Expectation(PULL_POLICIES, "assert request_counts == ASKED"),),
        bystanders=(CONTENT,),
    ),
)
