"""A live switch: one node's kube-proxy gets another mode, while the kernel keeps running with the old mode's rules.

On substrate `host` a new pod does that, as for a user who changes the ConfigMap and restarts the DaemonSet. On `uml` a
new pod would bring a new kernel, so there only the process in the guest is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from clusters.cluster import Node
from clusters.errors import CommandFailed
from clusters.spec import Mode, Substrate
from harness.dataplane.ipvs import IpvsDataPlane, parse_virtual_servers
from harness.dataplane.modes import why_not_in_kernel
from harness.dataplane.nftables import NftablesDataPlane
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.wait import wait_until
from harness.kube_proxy.proxies import CLEAN_UP, NAMESPACE, WORKING_DEADLINE_S, Proxies
from reports.model.findings import KernelContents

CONFIG_DIRECTORY = "/var/lib/kube-proxy"
"""The directory of kube-proxy's ConfigMap in its pod, as kubeadm mounts it."""


IPVS_DEVICE = "kube-ipvs0"
KUBELETS_CHAIN = "KUBE-FIREWALL"
"""A chain of the kubelet. kube-proxy in iptables mode creates it too, and never removes it
(https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/proxy/iptables/proxier.go, iptablesKubeletJumpChains)."""


@dataclass(frozen=True, slots=True)
class LiveSwitch:
    """Switches kube-proxies without a new kernel."""

    kube: Kube
    shell: ProxyShell
    proxies: Proxies

    @contextmanager
    def on(self, node: Node) -> Iterator[Callable[[Mode], None]]:
        """Yield a function that switches the node's kube-proxy to a mode and returns once it has synced in that mode.

        At the end of the block the configuration is restored and kube-proxy replaced together with its rules.
        Raises `DeadlinePassed`.
        """
        with self.proxies.configuring((node,), "mode") as configure:
            yield lambda mode: self._switch(node, mode, configure(str(mode)))

    def clean_up(self, node: Node, times: int) -> tuple[KernelContents, ...]:
        """Run `kube-proxy --cleanup` where the rules are, some times, and return what each leaves in the kernel.

        The node's kube-proxy is paused until all are done, so that it writes nothing. The exit code is ignored: it is 1
        where ipvs mode ran, because the chains of iptables mode are removed first, while those of ipvs mode still refer
        to some of them
        (https://github.com/kubernetes/kubernetes/blob/v1.37.2/cmd/kube-proxy/app/server_linux.go, platformCleanup).
        """
        with self.proxies.paused(node):
            return tuple(self._clean_up(node) for _ in range(times))

    def _clean_up(self, node: Node) -> KernelContents:
        if self.kube.cluster.substrate is Substrate.UML:
            with suppress(CommandFailed):
                self.shell.run(node, *CLEAN_UP, timeout_s=WORKING_DEADLINE_S)
        else:
            self.proxies.exec(node, *CLEAN_UP)
        return read_kernel(self.shell, node)

    def _switch(self, node: Node, mode: Mode, text: str) -> None:
        if self.kube.cluster.substrate is Substrate.UML:
            self._replace_process(node, text)
        else:
            self.proxies.restart(node)
        found = self.proxies.effective(node, "mode")
        assert found == mode, f"kube-proxy on node {node.name} runs in mode {found}, expected {mode}"

    def _replace_process(self, node: Node, text: str) -> None:
        """End the guest's kube-proxy once its pod has the configuration `text`. The agent starts another one."""
        key = self.proxies.configuration_key()
        wait_until(
            f"kube-proxy's new configuration in its pod on node {node.name}",
            lambda: self.proxies.exec(node, "cat", f"{CONFIG_DIRECTORY}/{key}").stdout,
            lambda seen: seen == text,
            deadline_s=WORKING_DEADLINE_S,
            interval_s=0.5,
        )
        old = self._processes(node)
        self.shell.run(node, "pkill", "-TERM", "-x", "kube-proxy")
        wait_until(
            f"another process than {' '.join(old)} of kube-proxy on node {node.name} in {NAMESPACE}",
            lambda: self._processes(node),
            lambda found: bool(found) and not set(found) & set(old),
            deadline_s=WORKING_DEADLINE_S,
        )
        self.proxies.wait_synced(node)

    def _processes(self, node: Node) -> tuple[str, ...]:
        try:
            return tuple(self.shell.run(node, "pgrep", "-x", "kube-proxy").split())
        except CommandFailed:
            return ()  # pgrep's exit code if there is none


def read_kernel(shell: ProxyShell, node: Node) -> KernelContents:
    """Return what kube-proxy has written to the node's kernel, in whatever mode. Raises `CommandFailed`."""
    nftables = why_not_in_kernel(Mode.NFTABLES, shell, node) is None
    ipvs = why_not_in_kernel(Mode.IPVS, shell, node) is None
    return KernelContents(
        iptables_rules=sum(KUBELETS_CHAIN not in rule for rule in IpvsDataPlane(shell).rules_text(node).splitlines()),
        nftables_rules=NftablesDataPlane(shell).rule_count(node).rules if nftables else 0,
        virtual_servers=len(parse_virtual_servers(shell.run(node, "ipvsadm", "-Ln"))) if ipvs else 0,
        ipvs_device=f"{IPVS_DEVICE}:" in shell.run(node, "cat", "/proc/net/dev"),
    )
