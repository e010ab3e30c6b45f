"""The effective mode of an existing cluster's kube-proxy: its configuration, confirmed by every kube-proxy itself.

kube-proxy reports its mode on its metrics port, which listens on the node's loopback. A port-forward ends in the pod's
network namespace, so it reaches that port whatever programs the pod's image has. Where port-forwards are refused, the
log of kube-proxy names the proxier that it uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from clusters.errors import ClusterNotReady, CommandFailed
from clusters.existing.api import ClusterApi, ProxyPod
from clusters.proxymode import proxier_line
from clusters.spec import Mode

CONFIG_MAPS = (("kube-proxy", "config.conf"), ("kube-proxy-config", "config"))
"""The name and key of kube-proxy's configuration: in clusters of kubeadm and kind, and of EKS."""

METRICS_PORT = 10249


@dataclass(frozen=True, slots=True)
class EffectiveMode:
    """The mode of every node's kube-proxy, the evidence for it, and kube-proxy's configuration."""

    mode: Mode
    evidence: str
    config: dict[str, Any]


def read_effective_mode(cluster: str, api: ClusterApi) -> EffectiveMode:
    """Read the mode from kube-proxy's configuration and from every node's kube-proxy.

    Raises `ClusterNotReady` if they differ or if a kube-proxy does not report its mode.
    """
    pods = api.proxy_pods()
    if not pods:
        raise ClusterNotReady(
            f"cluster {cluster} runs no kube-proxy pods in kube-system, so it has no proxy mode to test",
            remedy="Kubeproof tests kube-proxy; it cannot test clusters whose network plugin replaces kube-proxy",
        )
    config = proxy_config(api)
    reports = {pod.node: _read_mode(cluster, pod, config, api) for pod in pods}
    modes = sorted({mode for mode, _ in reports.values()})
    if len(modes) > 1:
        by_node = ", ".join(f"{node}: {mode}" for node, (mode, _) in sorted(reports.items()))
        raise ClusterNotReady(
            f"cluster {cluster} runs kube-proxy in more than one mode: {by_node}",
            remedy="`kubectl rollout restart --namespace=kube-system daemonset/kube-proxy`",
        )
    (mode,) = modes
    configured = config.get("mode")
    if configured and configured != mode:
        raise ClusterNotReady(
            f"kube-proxy of cluster {cluster} is configured for {configured} but runs in mode {mode}",
            remedy="`kubectl rollout restart --namespace=kube-system daemonset/kube-proxy`",
        )
    evidence = ", ".join(sorted({how for _, how in reports.values()}))
    return EffectiveMode(mode, f"{evidence}, on {len(reports)} nodes", config)


def proxy_config(api: ClusterApi) -> dict[str, Any]:
    """Return kube-proxy's configuration file, or nothing if it is not in one of the known ConfigMaps."""
    for name, key in CONFIG_MAPS:
        data = api.config_map(name)
        if data is not None and key in data:
            return dict(yaml.safe_load(data[key]) or {})
    return {}


def _read_mode(cluster: str, pod: ProxyPod, config: dict[str, Any], api: ClusterApi) -> tuple[Mode, str]:
    """Return the mode of a kube-proxy, and the evidence for it. Raises `ClusterNotReady`."""
    try:
        answer = api.get_from_pod(pod.name, _metrics_port(config), "/proxyMode").strip()
    except CommandFailed as failure:
        why = failure.message
    else:
        if answer in tuple(Mode):
            return Mode(answer), "reported by /proxyMode"
        why = f"/proxyMode returned {answer!r}"
    log = api.log(pod.name)
    for mode in Mode:
        if proxier_line(mode) in log:
            return mode, "read in the log"
    raise ClusterNotReady(
        f"kube-proxy on node {pod.node} of cluster {cluster} does not report its mode: {why}; "
        "and the beginning of its log does not name the proxier it uses",
        remedy=f"allow pods/portforward in kube-system, or restart pod {pod.name} to get a new log",
    )


def _metrics_port(config: dict[str, Any]) -> int:
    port = str(config.get("metricsBindAddress") or "").rpartition(":")[2]
    return int(port) if port.isdigit() else METRICS_PORT
