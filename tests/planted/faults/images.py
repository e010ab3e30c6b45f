"""Faults of image pulls: nodes get other content than they requested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.planted.fault import Fault, Site
from tests.planted.means.registries import falsified
from tests.planted.suites import NOT_THERE, PULL_POLICIES
from tests.planted.trial.expectation import Expectation


@contextmanager
def _layers_falsified(site: Site) -> Iterator[None]:
    with falsified(site, site.worker):
        yield


FAULTS = (
    Fault(
        "registries serve layers that do not match their digests",
        _layers_falsified,
        expect=(
            Expectation(
                PULL_POLICIES,
                'waits.wait_pod(namespace, name, "running", is_running)',
                message="ErrImagePull|ImagePullBackOff",
            ),
        ),
        bystanders=(NOT_THERE,),
    ),
)
