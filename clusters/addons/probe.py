"""The proof that pods work on every node: a pod there is ready when it has resolved a name through DNS.

That takes the pod network, the proxy's path to the DNS Service, and CoreDNS, on each node by itself.
"""

from __future__ import annotations

from typing import Any

NAME = "kubeproof-probe"
RESOLVED = "kubernetes.default.svc.cluster.local"


def dns_probe(image: str) -> dict[str, Any]:
    """A DaemonSet on all nodes, control plane included."""
    labels = {"app": NAME}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": "kube-system", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "tolerations": [{"operator": "Exists"}],
                    "terminationGracePeriodSeconds": 0,
                    "enableServiceLinks": False,
                    "automountServiceAccountToken": False,
                    "containers": [
                        {
                            "name": "probe",
                            "image": image,
                            "args": ["pause"],
                            "readinessProbe": {
                                "exec": {"command": ["nslookup", RESOLVED]},
                                "periodSeconds": 1,
                                "timeoutSeconds": 5,
                            },
                        }
                    ],
                },
            },
        },
    }
