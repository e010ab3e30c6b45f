"""Objects that all cases of this suite create: pods that burn CPU, and their autoscaler."""

import json
from pathlib import Path
from typing import Any

from harness.suite import Kube, ManifestMaker

PROGRAM = json.dumps(Path(__file__).with_name("burn.py").read_text())
SHARE = 0.04
REQUESTS = "{cpu: 40m}"
"""Resource requests with which a pod that burns `SHARE` of a core has a utilization of about 100%."""


def make_burner(
    create: ManifestMaker, name: str, *, share: float = SHARE, each: float = 0.0, requests: str = REQUESTS
) -> None:
    """Create a Deployment of one pod that burns `share` of a core all the time, and `each` ms of CPU per request."""
    create("burner.yaml", name=name, program=PROGRAM, share=share, each=each, requests=requests)


def make_autoscaler(
    create: ManifestMaker,
    name: str,
    *,
    lowest: int,
    highest: int,
    target: int,
    up: str = "null",
    down: str = "{stabilizationWindowSeconds: 0}",
) -> None:
    """Create the Deployment's autoscaler. `target` is in percent; `up` and `down` are in YAML flow style."""
    create("autoscaler.yaml", name=name, lowest=lowest, highest=highest, target=target, up=up, down=down)


def change(kube: Kube, namespace: str, name: str, **spec: Any) -> None:
    """Change the autoscaler's spec."""
    kube.merge(f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}", {"spec": spec})


def cpu(target: int) -> dict[str, Any]:
    """Return an autoscaler's metric with a target of `target` percent of the CPU that its pods request."""
    utilization = {"type": "Utilization", "averageUtilization": target}
    return {"type": "Resource", "resource": {"name": "cpu", "target": utilization}}
