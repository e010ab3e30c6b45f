"""Which mode does an existing cluster's kube-proxy run in? Its configuration says, and the proxy confirms.

The proxy is asked over its metrics port, which listens on the node's loopback: a port-forward ends in the
pod's network namespace, so it reaches that port whatever programs the pod's image has or lacks. Where
port-forwards are refused, the proxy's log says which proxier it uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from clusters.errors import ClusterNotReady, CommandFailed
from clusters.existing.api import ClusterApi, ProxyPod
from clusters.proxymode import LOG_LINES
from clusters.spec import Mode

CONFIG_MAPS = (("kube-proxy", "config.conf"), ("kube-proxy-config", "config"))
"""kubeadm's and kind's ConfigMap, and that of EKS."""

METRICS_PORT = 10249


@dataclass(frozen=True, slots=True)
class EffectiveMode:
    """The mode of every node's proxy, and how each was found out."""

    mode: Mode
    evidence: str
    config: dict[str, Any]


def read_effective_mode(cluster: str, api: ClusterApi) -> EffectiveMode:
    """Ask the configuration and every node's proxy. Raises `ClusterNotReady` where they do not agree or are silent."""
    pods = api.proxy_pods()
    if not pods:
        raise ClusterNotReady(
            f"cluster {cluster} runs no kube-proxy pods in kube-system, so it has no proxy mode to test",
            remedy="kubeproof tests kube-proxy: clusters whose network replaces it are out of its reach",
        )
    config = proxy_config(api)
    answers = {pod.node: _ask(cluster, pod, config, api) for pod in pods}
    modes = sorted({mode for mode, _ in answers.values()})
    if len(modes) > 1:
        told = ", ".join(f"{node}: {mode}" for node, (mode, _) in sorted(answers.items()))
        raise ClusterNotReady(
            f"cluster {cluster} runs kube-proxy in more than one mode: {told}",
            remedy="`kubectl rollout restart --namespace=kube-system daemonset/kube-proxy`",
        )
    (mode,) = modes
    configured = config.get("mode")
    if configured and configured != mode:
        raise ClusterNotReady(
            f"kube-proxy of cluster {cluster} is configured for {configured} but runs in mode {mode}",
            remedy="`kubectl rollout restart --namespace=kube-system daemonset/kube-proxy`",
        )
    evidence = ", ".join(sorted({how for _, how in answers.values()}))
    return EffectiveMode(mode, f"{evidence}, on {len(answers)} nodes", config)


def proxy_config(api: ClusterApi) -> dict[str, Any]:
    """kube-proxy's configuration file, or nothing where it is configured otherwise."""
    for name, key in CONFIG_MAPS:
        data = api.config_map(name)
        if data is not None and key in data:
            return dict(yaml.safe_load(data[key]) or {})
    return {}


def _ask(cluster: str, pod: ProxyPod, config: dict[str, Any], api: ClusterApi) -> tuple[Mode, str]:
    try:
        answer = api.get_from_pod(pod.name, _metrics_port(config), "/proxyMode").strip()
    except CommandFailed as failure:
        why = failure.message
    else:
        if answer in tuple(Mode):
            return Mode(answer), "told by /proxyMode"
        why = f"/proxyMode answered {answer!r}"
    log = api.log(pod.name)
    for mode, line in LOG_LINES.items():
        if line in log:
            return mode, "read in the log"
    raise ClusterNotReady(
        f"kube-proxy on node {pod.node} of cluster {cluster} does not say its mode: {why}; "
        "and its log does not begin with the proxier it uses",
        remedy=f"allow pods/portforward in kube-system, or restart pod {pod.name} to have a fresh log",
    )


def _metrics_port(config: dict[str, Any]) -> int:
    port = str(config.get("metricsBindAddress") or "").rpartition(":")[2]
    return int(port) if port.isdigit() else METRICS_PORT
