"""The fixtures of a suite."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from clusters.choose import provider_of
from clusters.cluster import Cluster, Node
from clusters.errors import UsageError
from clusters.patience import host_patience
from clusters.progress import Progress
from clusters.provider import ClusterProvider
from harness.claims import ClaimRecorder
from harness.dataplane.open import open_data_plane
from harness.dataplane.reader import DataPlane
from harness.dataplane.shell import ProviderShell, ProxyShell
from harness.delays import DelayTally
from harness.kube.client import ExecResult, Kube
from harness.kube.kinds import CLUSTER_WIDE
from harness.kube.manifests import read_manifests
from harness.kube.namespaces import own_namespace
from harness.kube.requests import CLOCK, Reply, Request, hit, read_clock_s
from harness.kube.services import ServiceMaker, service_maker
from harness.kube.wait import Waits
from harness.kube.watch import WatchRecorder
from harness.kube.workloads import client_pod, probe_period_s
from harness.outside import OutsideClient
from harness.run.log import RunLog
from harness.run.record import RECORD
from harness.stash import CLUSTER, RUN_DIRECTORY, SEED
from reports.model import Finding, Measurement

CASE_LABEL = "io.kubeproof.case"


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """The cluster under test."""
    found = pytestconfig.stash.get(CLUSTER, None)
    if found is None:
        raise UsageError("this case needs a cluster", remedy="give --proxy-mode, or --kubeconfig and --context")
    return found


@pytest.fixture(scope="session")
def provider(cluster: Cluster) -> ClusterProvider:
    """How nodes are reached."""
    return provider_of(cluster)


@pytest.fixture(scope="session")
def kube(cluster: Cluster) -> Kube:
    """The cluster's API server."""
    return Kube(cluster)


@pytest.fixture(scope="session")
def waits(kube: Kube) -> Waits:
    """Waits on the cluster's objects."""
    return Waits(kube)


@pytest.fixture(scope="session")
def shell(provider: ClusterProvider, cluster: Cluster) -> ProxyShell:
    """Programs where the proxy's rules are."""
    return ProviderShell(provider, cluster)


@pytest.fixture(scope="session")
def dataplane(cluster: Cluster, shell: ProxyShell) -> DataPlane:
    """What the kernel holds for a Service."""
    return open_data_plane(cluster.mode, shell)


@pytest.fixture
def namespace(kube: Kube, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the case's own that admits pods, removed at the case's end."""
    name = namespace_name(request.node.nodeid)
    with own_namespace(kube, {"name": name, "labels": {CASE_LABEL: name}}):
        yield name


@pytest.fixture
def undisturbed(waits: Waits) -> None:
    """For exclusive cases: the Services and pods of earlier cases, which go after their case's end, are gone."""
    waits.wait_none(f"/api/v1/namespaces?labelSelector={CASE_LABEL}&fieldSelector=status.phase%3DTerminating")


def namespace_name(nodeid: str) -> str:
    """A name one can recognise in `kubectl get pods -A`, unique to the case."""
    words = re.sub(r"[^a-z0-9]+", "-", nodeid.rpartition("::")[2].removeprefix("test_").lower()).strip("-")
    return f"{words[:40].strip('-')}-{hashlib.sha256(nodeid.encode()).hexdigest()[:6]}"


@dataclass(frozen=True, slots=True)
class Client:
    """A pod from which requests are sent; `address` is the pod's, `node` the name of its node."""

    kube: Kube
    namespace: str
    name: str
    address: str
    node: str
    tally: DelayTally = field(default_factory=DelayTally, compare=False, repr=False)

    @property
    def label(self) -> str:
        """What a message calls it after the word "client"."""
        return f"{self.namespace}/{self.name}"

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections; replies in order."""
        replies = hit(self.kube, self.namespace, self.name, request)
        self.tally.add(replies)
        return replies

    def run(self, *argv: str) -> ExecResult:
        """Run a program in the pod; any exit code is an answer."""
        return self.kube.exec(self.namespace, self.name, argv)

    def clock_s(self) -> float:
        """Return the client's wall clock now, the one of `Reply.at_s`. Raises `WorldError` if the client fails."""
        return read_clock_s(self.run(*CLOCK), self.label)


class WatchMaker(Protocol):
    """Records what happens to objects of these kinds in the case's namespace while a block lasts."""

    def __call__(self, *kinds: str) -> WatchRecorder: ...


class ManifestReader(Protocol):
    """The objects of a YAML file beside the case.

    In the file `$agnhost` and `$load` stand for the cases' images, `$namespace` for the case's namespace and
    other `$words` for `words`.
    """

    def __call__(self, file: str, **words: object) -> tuple[dict[str, Any], ...]: ...


class ManifestMaker(Protocol):
    """Creates the objects of a YAML file beside the case; what lives in no namespace is removed at its end.

    Raises `ApiException` when the API server refuses one.
    """

    def __call__(self, file: str, **words: object) -> None: ...


class ClientMaker(Protocol):
    """Makes a client pod and gives the function that sends requests from it."""

    def __call__(self, name: str, *, node: Node | None = None, host_network: bool = False) -> Client: ...


@pytest.fixture
def read_manifest(cluster: Cluster, namespace: str, request: pytest.FixtureRequest) -> ManifestReader:
    """Read what stands in a YAML file beside the case."""
    known = {
        "agnhost": cluster.images.agnhost,
        "load": cluster.images.load,
        "namespace": namespace,
        "probe_period_s": probe_period_s(host_patience()),
    }
    return lambda file, **words: read_manifests(request.path.parent / file, {**known, **words})


@pytest.fixture
def create(kube: Kube, namespace: str, read_manifest: ManifestReader) -> Iterator[ManifestMaker]:
    """Create what stands in a YAML file beside the case."""
    with ExitStack() as undo:

        def make(file: str, **words: object) -> None:
            for manifest in read_manifest(file, **words):
                kube.create(namespace, manifest)
                if manifest["kind"] in CLUSTER_WIDE:
                    undo.callback(kube.delete, namespace, manifest)

        yield make


@pytest.fixture
def delay_tally(request: pytest.FixtureRequest, findings: list[Finding]) -> Iterator[DelayTally]:
    """Report the case's connections that were answered only after their SYN had been sent again."""
    tally = DelayTally()
    yield tally
    found = tally.finding(request.node.nodeid)
    if found is not None:
        findings.append(found)


@pytest.fixture
def make_client(kube: Kube, waits: Waits, namespace: str, cluster: Cluster, delay_tally: DelayTally) -> ClientMaker:
    """Make a client pod and wait until it is ready."""

    def make(name: str, *, node: Node | None = None, host_network: bool = False) -> Client:
        manifest = client_pod(cluster.images, name, node=None if node is None else node.name, host_network=host_network)
        kube.create(namespace, manifest)
        (pod,) = waits.wait_pods_ready(namespace, f"client={name}", 1)
        return Client(kube, namespace, name, pod["status"]["podIP"], pod["spec"]["nodeName"], delay_tally)

    return make


@pytest.fixture
def outside_client(cluster: Cluster, delay_tally: DelayTally) -> Iterator[OutsideClient]:
    """A client beside the cluster, on its container network, that is no part of it."""
    if cluster.network is None:
        pytest.skip("an existing cluster has no container network on which an outside client could be")
    with OutsideClient(cluster.name, cluster.network, cluster.images.outside, delay_tally) as client:
        yield client


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> ClaimRecorder:
    """Speak about the claims that the case's marker names."""
    recorder: ClaimRecorder = request.node.stash[RECORD].claims
    return recorder


@pytest.fixture
def measurements(request: pytest.FixtureRequest) -> list[Measurement]:
    """Append measurements for the report."""
    gathered: list[Measurement] = request.node.stash[RECORD].measurements
    return gathered


@pytest.fixture
def findings(request: pytest.FixtureRequest) -> list[Finding]:
    """Append findings for the report."""
    gathered: list[Finding] = request.node.stash[RECORD].findings
    return gathered


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """The run's seed."""
    return pytestconfig.stash[SEED]


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> Path:
    """Where the run leaves its results."""
    return pytestconfig.stash[RUN_DIRECTORY]


@pytest.fixture
def make_service(kube: Kube, waits: Waits, dataplane: DataPlane, namespace: str) -> ServiceMaker:
    """Make a Service with backends, programmed in every node's kernel."""
    return service_maker(kube, waits, dataplane, namespace)


@pytest.fixture
def progress(run_directory: Path) -> Progress:
    """Tells the run's log how far a long case is."""
    return RunLog(run_directory / "run.log", lambda line: None)


@pytest.fixture
def record_watch(kube: Kube, namespace: str) -> WatchMaker:
    """Record watch events of the case's namespace: `with record_watch("pods") as recorder:`."""
    return lambda *kinds: WatchRecorder(kube, namespace, *kinds)
