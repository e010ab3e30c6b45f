"""The configuration of CoreDNS with source `built`: it resolves names of the cluster only and forwards nothing.

kubeadm's own Corefile forwards other names to the node's resolver. The leak guard would drop these packets of a pod,
and a host without internet access has no resolver for them.
"""

from __future__ import annotations

from typing import Any

COREFILE = """.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }
    prometheus :9153
    cache 5
    loop
    reload
    loadbalance
}
"""


def cluster_only_dns() -> dict[str, Any]:
    """Return the ConfigMap that CoreDNS reads."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": "kube-system"},
        "data": {"Corefile": COREFILE},
    }
