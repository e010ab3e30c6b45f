"""Programs in the tools pods of an existing cluster. Each pod starts once and is removed with its namespace."""

from __future__ import annotations

from dataclasses import dataclass, field

from clusters.errors import WorldError
from clusters.existing.api import ClusterApi
from clusters.existing.podstart import PodStart, all_running
from clusters.existing.proxypods import UNKNOWN, first_line, legacy_iptables, proxy_pod
from clusters.existing.toolspod import tools_pod, tools_pod_name
from clusters.host.clock import Clock, SystemClock
from clusters.host.command import CommandResult

BACKENDS_OF = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")
"""Programs that the image has once for each backend of iptables, such as iptables-nft-save."""

VERSIONS_TIMEOUT_S = 30.0


@dataclass(slots=True)
class ToolsPods:
    """The tools pods of a cluster, in the run's own `namespace` and with `image`. Safe to share between threads.

    With `signals`, programs in them may send signals to kube-proxy, to pause it.
    """

    api: ClusterApi
    cluster: str
    namespace: str
    image: str
    signals: bool
    clock: Clock = field(default_factory=SystemClock)
    _running: set[str] = field(default_factory=set)
    _backends: dict[str, str] = field(default_factory=dict)

    def start(self, *nodes: str) -> None:
        """Start the pods of these nodes and wait until they run. Raises `ImageUnavailable`, `ClusterNotReady`."""
        missing = [node for node in nodes if node not in self._running]
        if not missing:
            return
        for node in missing:
            # Another process of the run may have created it already.
            self.api.create_pod(self.namespace, tools_pod(node, self.image, signals=self.signals))
        names = {tools_pod_name(node): node for node in missing}
        PodStart(self.api, self.cluster, self.namespace, names, self.clock).wait(all_running)
        self._running.update(missing)

    def run(self, node: str, argv: tuple[str, ...], timeout_s: float) -> CommandResult:
        """Run a program in the node's tools pod; run a program of iptables in the variant for kube-proxy's backend.

        Raises `CommandFailed`, `ImageUnavailable`, `ClusterNotReady`.
        """
        self.start(node)
        program, *arguments = argv
        if program in BACKENDS_OF:
            program = program.replace("tables", f"tables-{self._backend(node)}", 1)
        return self.api.exec(tools_pod_name(node), (program, *arguments), timeout_s, self.namespace)

    def versions(self) -> dict[str, str]:
        """Return the versions of the image's own programs, or nothing if no pod runs."""
        pods = [pod["metadata"]["name"] for pod in self.api.pods(self.namespace) if all_running(pod)]
        tools = [name for name in pods if name.startswith("tools-")]
        if not tools:
            return {}
        return {f"{program} of the tools pod": self._version(tools[0], program) for program in ("iptables", "nft")}

    def _version(self, pod: str, program: str) -> str:
        try:
            return first_line(self.api.exec(pod, (program, "--version"), VERSIONS_TIMEOUT_S, self.namespace))
        except WorldError as failure:
            return f"{UNKNOWN}: {failure.message}"

    def _backend(self, node: str) -> str:
        if node not in self._backends:
            legacy = legacy_iptables(self.api, proxy_pod(self.api, self.cluster, node))
            self._backends[node] = "legacy" if legacy else "nft"
        return self._backends[node]
