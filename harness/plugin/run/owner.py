"""The owner of a run's cluster: one object in the controller process, whatever the number of xdist workers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from clusters.choose import choose_spec, existing_provider, kind_provider
from clusters.cleanup.clean import clean_leftovers
from clusters.cluster import Cluster
from clusters.errors import EngineUnavailable, UsageError
from clusters.host.progress import Progress
from clusters.provider import ClusterProvider
from harness.plugin.run.request import ClusterRequest


class ClusterOwner(Protocol):
    """Creates or finds one cluster, and closes it at the end."""

    def open(self, request: ClusterRequest, progress: Progress) -> Cluster:
        """Return a ready cluster. Raises a `KubeproofError` after removing everything it has made."""

    def closing_facts(self) -> dict[str, str]:
        """Return facts for the report's environment that are known only at the end. Called before `close`.

        Raises a `KubeproofError`.
        """

    def close(self, logs: Path, progress: Progress) -> None:
        """Export the nodes' logs and remove what `open` made. Called once; does nothing if `open` was not called."""


class ProviderOwner:
    """The owner of real clusters."""

    def __init__(self) -> None:
        self._provider: ClusterProvider | None = None
        self._cluster: Cluster | None = None

    def open(self, request: ClusterRequest, progress: Progress) -> Cluster:
        if request.kubeconfig is not None and request.context is not None:
            existing = existing_provider(request.kubeconfig, request.context, request.allow_disruptive, request.images)
            progress.step(f"reading existing cluster {existing.context}")
            self._provider, self._cluster = existing, existing.open()
            return self._cluster
        if request.mode is None:
            raise UsageError("neither a mode nor a cluster was named")
        # Before doctor examines the host, so that this run can use what a dead run held. Doctor reports on the engine.
        with suppress(EngineUnavailable):
            clean_leftovers(progress)
        spec = choose_spec(
            request.mode, request.source, request.substrate, request.kubernetes, request.workers, progress
        )
        provider = kind_provider(keep=request.keep)
        found = provider.find(spec) if request.reuse else None
        if found is not None:
            progress.step(f"using cluster {found.name}, kept by an earlier run")
        self._provider, self._cluster = provider, found or provider.create(spec, progress)
        return self._cluster

    def closing_facts(self) -> dict[str, str]:
        if self._provider is None or self._cluster is None:
            return {}
        return self._provider.closing_facts(self._cluster)

    def close(self, logs: Path, progress: Progress) -> None:
        if self._provider is None or self._cluster is None:
            return
        provider, cluster, self._cluster = self._provider, self._cluster, None
        try:
            if cluster.owned:
                progress.step(f"exporting the nodes' logs of cluster {cluster.name}")
                provider.export_logs(cluster, logs)
        finally:
            provider.release(cluster, progress)
