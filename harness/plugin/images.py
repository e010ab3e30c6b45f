"""Check, before the first case, that the nodes of an existing cluster can pull the images of the selected cases.

With xdist, only the workers collect cases. The first worker makes the check before it reports its collection as
finished; the controller distributes no case until all workers have reported. If the check fails, the worker exits and
its output carries the error to the controller, which ends the run.
"""

from __future__ import annotations

from typing import Any

import pytest

from clusters.choose import existing_provider_of
from clusters.cluster import Cluster
from clusters.errors import KubeproofError, UsageError, WorldError
from clusters.host.progress import Progress
from harness.plugin.needs import images_needed
from harness.plugin.run.controller import CONTROLLER
from harness.run.log import worker_log
from harness.run.stash import CLUSTER, RUN_DIRECTORY

OUTPUT = "kubeproof refusal"
FIRST_WORKER = "gw0"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    cluster = config.stash.get(CLUSTER, None)
    if cluster is None or getattr(config, "workerinput", {"workerid": FIRST_WORKER})["workerid"] != FIRST_WORKER:
        return
    needed = images_needed(session.items, cluster)
    try:
        config.hook.pytest_kubeproof_require_images(cluster=cluster, images=needed, progress=_progress(config))
    except KubeproofError as error:
        if hasattr(config, "workeroutput"):
            config.workeroutput[OUTPUT] = _as_record(error)
            pytest.exit(str(error), returncode=error.exit_code)
        _end_run(config, error)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """End the run if this xdist worker, which has ended, failed its check."""
    record = getattr(node, "workeroutput", {}).get(OUTPUT)
    if record is not None:
        _end_run(node.config, _from_record(record))


@pytest.hookimpl(trylast=True)
def pytest_kubeproof_require_images(cluster: Cluster, images: frozenset[str], progress: Progress) -> bool:
    """Check the images unless another plugin has done so."""
    require_images(cluster, images, progress)
    return True


def require_images(cluster: Cluster, images: frozenset[str], progress: Progress) -> None:
    """Wait until the cluster's nodes have `images`, fields of `CaseImages`. Raises `ImageUnavailable`.

    The nodes of a kind cluster have the images of most cases from the start; fixtures wait for the others.
    """
    if cluster.network is None:
        existing_provider_of(cluster).require_images(cluster, images, progress)


def _end_run(config: pytest.Config, error: KubeproofError) -> None:
    controller = config.stash.get(CONTROLLER, None)
    if controller is not None:
        controller.refuse(error)
    pytest.exit(f"kubeproof: {error}", returncode=error.exit_code)


def _progress(config: pytest.Config) -> Progress:
    """Return the controller's log; in an xdist worker, one that writes to the log file only."""
    controller = config.stash.get(CONTROLLER, None)
    return controller.log if controller is not None else worker_log(config.stash[RUN_DIRECTORY])


def _as_record(error: KubeproofError) -> dict[str, Any]:
    usage = isinstance(error, UsageError)
    return {"message": error.message, "remedy": error.remedy, "detail": error.detail, "usage": usage}


def _from_record(record: dict[str, Any]) -> KubeproofError:
    kind = UsageError if record["usage"] else WorldError
    return kind(record["message"], remedy=record["remedy"], detail=record["detail"])
