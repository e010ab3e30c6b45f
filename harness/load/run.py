"""Running a load plan in a pod: Locust has that process to itself."""

from __future__ import annotations

from pathlib import Path

from clusters.errors import WorldError
from harness.kube.client import Kube
from harness.load.plan import LoadPlan, LoadResult

PROGRAM = (Path(__file__).parent / "pod" / "first_packet.py").read_text()
START_ALLOWANCE_S = 60.0


def run_load(kube: Kube, namespace: str, pod: str, plan: LoadPlan) -> LoadResult:
    """Work off `plan` in a client pod. Raises `Refused` for a target elsewhere, `WorldError` if Locust fails."""
    plan.require_within(kube.cluster)
    limit_s = plan.duration_s + plan.floor_s + START_ALLOWANCE_S
    done = kube.exec(namespace, pod, ("python3", "-c", PROGRAM, plan.to_json()), timeout_s=limit_s)
    if done.exit_code != 0:
        raise WorldError(
            f"the load generator in {namespace}/{pod} ended with {done.exit_code}: {done.stderr.strip()[-500:]}",
            detail=done.stderr,
        )
    return LoadResult.from_json(done.stdout)
