"""The provider of kind clusters: creates them, finds them by label, and removes them with all their parts."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from clusters.addons.kernel import install_kernel
from clusters.cleanup.clean import clean_leftovers, remove_cluster
from clusters.cluster import Cluster, Node
from clusters.engine import Engine
from clusters.errors import ClusterNotReady, CommandFailed, UsageError, WorldError
from clusters.host.command import CommandResult, Commands
from clusters.host.ownership import Owner
from clusters.host.processes import HostProcesses, Processes
from clusters.host.progress import Progress, timed
from clusters.images.build.programs import Programs
from clusters.images.lock import Lock
from clusters.kind.addons import install_addons, wait_addons_ready
from clusters.kind.background import BackgroundBuild
from clusters.kind.config import CREATE_TIMEOUT_S, POD_CIDR, SERVICE_CIDR, kind_config
from clusters.kind.failure import kind_error, may_be_slow
from clusters.kind.fingerprint import fingerprint, guard_counts
from clusters.kind.images import IN_CLUSTER, Images, ImageSet
from clusters.kind.logs import export_logs
from clusters.kind.names import ClusterNames, require_unused
from clusters.kind.nodes import node_containers, nodes_of, server_version
from clusters.kind.program.find import find_kind
from clusters.kind.proxy import require_effective_mode, run_by_proxy
from clusters.spec import ClusterSpec, Substrate


@dataclass(frozen=True, slots=True)
class KindProvider:
    """A provider that creates kind clusters with the engine. `state` is the directory of Kubeproof's kubeconfig files.

    `keep` marks its clusters so that clean-up does not remove them when their owner has ended.
    """

    engine: Engine
    commands: Commands
    lock: Lock
    images: Images
    programs: Programs
    state: Path
    keep: bool = False
    processes: Processes = field(default_factory=HostProcesses)

    @property
    def _names(self) -> ClusterNames:
        return ClusterNames(self.engine)

    def create(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        """Create the cluster and return when it is ready and its effective proxy mode was checked.

        Raises `UsageError`, `NameTaken`, `HostUnfit`, `BuildFailed`, `CommandFailed`, `ClusterNotReady`, and then
        leaves nothing behind, unless the cluster is to be kept.
        """
        if self._names.is_taken(spec.name):
            clean_leftovers(progress, engine=self.engine, processes=self.processes)
        self._check(spec)
        kind = self._kind(spec, progress)
        images = self.images.ensure(spec, progress)
        with ExitStack() as undo:
            if not self.keep:
                undo.callback(self._remove, spec.name)
            self._start_background_build(spec)
            undo.callback(self.background_build(spec.name).stop)
            self._names.take(spec.name, keep=self.keep)
            with timed(progress, f"kind creates cluster {spec.name}: {_size(spec)}, Kubernetes {spec.kubernetes}"):
                self._kind_create(kind, spec, images)
            if spec.substrate is Substrate.UML:
                install_kernel(self.engine, nodes_of(self.engine, spec.name), self.images.kernel)
            if images.to_load:
                with timed(progress, f"loading {', '.join(images.to_load)} into every node"):
                    self._load(kind, spec.name, images.to_load)
            with timed(progress, "pod network, leak guard, DNS, metrics-server, proxy"):
                install_addons(self.engine, spec, images)
            with timed(progress, "waiting for nodes, DNS on every node, metrics and the proxy's first sync"):
                wait_addons_ready(self.engine, spec, images)
            cluster = self._describe(spec, images)
            undo.pop_all()
        return cluster

    def find(self, spec: ClusterSpec) -> Cluster | None:
        """Return the cluster of that spec that an earlier run kept, once it is ready, or None.

        Raises `NameTaken` if its run has not ended, `ClusterNotReady`.
        """
        claims = self._names.claims(spec.name)
        if not claims or not node_containers(self.engine, spec.name):
            return None
        for claimed in claims:
            require_unused(claimed)
        images = self.images.present(spec)
        self._start_background_build(spec)
        self._write_kubeconfig(spec)
        wait_addons_ready(self.engine, spec, images)
        return self._describe(spec, images)

    def run_on_node(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        return self.engine.exec(node.name, *argv, timeout_s=timeout_s)

    def run_by_proxy(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        return run_by_proxy(self.engine, cluster.substrate, node, argv, timeout_s)

    def background_build(self, name: str) -> BackgroundBuild:
        """Return the build of images that continues while cases run in cluster `name`."""
        return BackgroundBuild(name, self.state, self.processes)

    def wait_images(self, cluster: Cluster, purposes: tuple[str, ...], progress: Progress) -> None:
        """Wait until the images in these fields of `CaseImages` are built, and load those of pods into every node.

        Only images that are built in the background are waited for. Raises `BuildFailed`, `ClusterNotReady`.
        """
        assert cluster.source is not None, "kind clusters have a source"
        recipes = self.images.in_background(cluster.source, cluster.kubernetes)
        built = {purpose: recipes[purpose] for purpose in purposes if purpose in recipes}
        for recipe in built.values():
            self.background_build(cluster.name).wait_image(self.engine, recipe)
        tags = tuple(recipe.tag for purpose, recipe in built.items() if purpose in IN_CLUSTER)
        if tags:
            kind = find_kind(self.commands, self.programs, self.lock.release(cluster.kubernetes).minor, progress)
            self._load(kind, cluster.name, tags)

    def closing_facts(self, cluster: Cluster) -> dict[str, str]:
        """Return the packets that the leak guard dropped.

        Raises `CommandFailed`, or `ClusterNotReady` if it is missing.
        """
        return guard_counts(self.engine, cluster.nodes)

    def export_logs(self, cluster: Cluster, directory: Path) -> None:
        """Write the nodes' journals and their containers' logs into `directory`. Raises `WorldError`."""
        export_logs(self.engine, cluster.name, directory)
        log = self.background_build(cluster.name).log
        if log.exists():
            shutil.copy(log, directory / "images.log")

    def release(self, cluster: Cluster, progress: Progress) -> None:
        """Remove the cluster, unless it is to be kept or an earlier run has created it. End the background build."""
        self.background_build(cluster.name).stop()
        if not any(claimed.keep or claimed.owner != Owner.myself() for claimed in self._names.claims(cluster.name)):
            progress.step(f"removing cluster {cluster.name}")
            self._remove(cluster.name)

    def _remove(self, name: str) -> None:
        """Remove the cluster of this process. Ignore one that is absent or has another owner."""
        claims = self._names.claims(name)
        own = [claimed for claimed in claims if claimed.owner == Owner.myself()]
        for claimed in own:
            remove_cluster(self.engine, claimed)
        if own == claims:
            self._kubeconfig(name).unlink(missing_ok=True)
            self.background_build(name).log.unlink(missing_ok=True)

    def _start_background_build(self, spec: ClusterSpec) -> None:
        """Start to build the images that few cases need, if the engine lacks one of them."""
        recipes = self.images.built_meanwhile(spec)
        if not all(self.engine.has_image(recipe.tag) for recipe in recipes):
            self.background_build(spec.name).start(spec.source, spec.substrate, spec.kubernetes)

    def _check(self, spec: ClusterSpec) -> None:
        """Raise `UsageError` if the spec's version does not exist, `NameTaken` if its name is in use."""
        available = self.lock.release(spec.kubernetes).version_of(spec.source)
        if available != spec.kubernetes:
            raise UsageError(
                f"source {spec.source} has no Kubernetes {spec.kubernetes} for cluster {spec.name}, it has {available}"
            )
        self._names.require_free(spec.name)

    def _kind_create(self, kind: str, spec: ClusterSpec, images: ImageSet) -> None:
        release = self.lock.release(spec.kubernetes)
        limit_s = self.engine.patience.seconds(CREATE_TIMEOUT_S)
        config = kind_config(spec, self.lock, release, self.engine.info().cgroup_version, self.engine.patience)
        try:
            self.commands.run(
                *(kind, "create", "cluster", f"--name={spec.name}", "--config=-", f"--image={images.node}"),
                *(f"--kubeconfig={self._kubeconfig(spec.name)}", "--retain", "--wait=0s"),
                stdin=config,
                env={"KIND_EXPERIMENTAL_DOCKER_NETWORK": spec.name},
                timeout_s=limit_s,
            )
        except CommandFailed as failure:
            logs = self.state / "failed" / spec.name
            try:
                export_logs(self.engine, spec.name, logs)
                where = f"the nodes' logs are in {logs}"
            except WorldError as lost:
                where = f"the nodes' logs could not be exported: {lost}"
            raise ClusterNotReady(
                f"kind did not create cluster {spec.name}: {kind_error(failure, limit_s)}",
                remedy=self._remedy(failure, where),
                detail=failure.detail,
            ) from failure
        self._kubeconfig(spec.name).chmod(0o600)

    def _load(self, kind: str, name: str, tags: tuple[str, ...]) -> None:
        limit_s = self.engine.patience.seconds(CREATE_TIMEOUT_S)
        try:
            self.commands.run(kind, "load", "docker-image", *tags, f"--name={name}", timeout_s=limit_s)
        except CommandFailed as failure:
            raise ClusterNotReady(
                f"kind did not load images into the nodes of cluster {name}: {kind_error(failure, limit_s)}",
                remedy="check `docker image inspect` and the free space on the engine's disk",
                detail=failure.detail,
            ) from failure

    def _remedy(self, failure: CommandFailed, where: str) -> str:
        """Return the remedy; `where` says where the nodes' logs are."""
        return f"{where}; {self.engine.patience.advice()}" if may_be_slow(failure) else where

    def _describe(self, spec: ClusterSpec, images: ImageSet) -> Cluster:
        nodes = nodes_of(self.engine, spec.name)
        require_effective_mode(self.engine, spec, nodes)
        return Cluster(
            name=spec.name,
            mode=spec.mode,
            source=spec.source,
            substrate=spec.substrate,
            kubernetes=server_version(self.engine, spec.name),
            kubeconfig=self._kubeconfig(spec.name),
            context=f"kind-{spec.name}",
            nodes=nodes,
            service_cidr=SERVICE_CIDR,
            pod_cidr=POD_CIDR,
            network=spec.name,
            images=images.cases,
            owned=True,
            environment=fingerprint(self.engine, spec, nodes),
        )

    def _kubeconfig(self, name: str) -> Path:
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.state / f"{name}.kubeconfig"

    def _kind(self, spec: ClusterSpec, progress: Progress) -> str:
        return find_kind(self.commands, self.programs, self.lock.release(spec.kubernetes).minor, progress)

    def _write_kubeconfig(self, spec: ClusterSpec) -> None:
        """Write the kubeconfig of a kept cluster, as `kind get kubeconfig` prints it."""
        kubeconfig = self._kubeconfig(spec.name)
        text = self.commands.run(self._kind(spec, _Silent()), "get", "kubeconfig", f"--name={spec.name}").stdout
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(text)


class _Silent:
    """A `Progress` that discards all messages."""

    def step(self, title: str) -> None:
        """Discard the message."""

    def note(self, text: str) -> None:
        """Discard the message."""


def _size(spec: ClusterSpec) -> str:
    return f"{spec.control_planes} control plane and {spec.workers} worker nodes"
