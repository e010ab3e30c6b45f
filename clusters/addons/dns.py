"""CoreDNS of source `built`: it answers for the cluster and asks nobody else.

kubeadm's own Corefile forwards to the node's resolver; the leak guard would drop what a pod sends there,
and on a sealed host there is nobody to ask.
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
    """The ConfigMap that CoreDNS reads."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": "kube-system"},
        "data": {"Corefile": COREFILE},
    }
