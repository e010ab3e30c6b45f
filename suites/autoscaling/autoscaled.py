"""What all cases of this suite make: pods that burn CPU, and their autoscaler."""

import json
from pathlib import Path
from typing import Any

from harness.suite import Kube, ManifestMaker

PROGRAM = json.dumps(Path(__file__).with_name("burn.py").read_text())
SHARE = 0.04
REQUESTS = "{cpu: 40m}"
"""Of a pod that burns `SHARE` of a core: about 100%."""


def make_burner(
    create: ManifestMaker, name: str, *, share: float = SHARE, each: float = 0.0, requests: str = REQUESTS
) -> None:
    """Make a Deployment of one pod that burns `share` of a core all the time and `each` ms for every request."""
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
    """Make the Deployment's autoscaler; `target` in percent, `up` and `down` YAML in its short form."""
    create("autoscaler.yaml", name=name, lowest=lowest, highest=highest, target=target, up=up, down=down)


def change(kube: Kube, namespace: str, name: str, **spec: Any) -> None:
    """Change the autoscaler's spec."""
    kube.merge(f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}", {"spec": spec})


def cpu(target: int) -> dict[str, Any]:
    """The metric of an autoscaler that aims at `target` percent of what its pods request."""
    wanted = {"type": "Utilization", "averageUtilization": target}
    return {"type": "Resource", "resource": {"name": "cpu", "target": wanted}}
