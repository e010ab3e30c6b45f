"""Locust's own HTTP users at a rate, and how many requests they and our load generator send per CPU second."""

from __future__ import annotations

import json

from clusters.errors import WorldError
from harness.load.master import PROCESSES
from harness.load.plan import LoadResult, Target

PROGRAM = (PROCESSES / "paced_users.py").read_text()
USERS = 8
"""As many as send the rate without waiting for each other, on a connection each."""


def locust_argv(user: str, target: Target, path: str, rate_per_s: float, duration_s: float) -> tuple[str, ...]:
    """Return the command that sends GET requests by Locust's `user`: "FastHttpUser" or "HttpUser"."""
    url = f"http://{target.address}:{target.port}{path}"
    plan = {"user": user, "url": url, "users": USERS, "rate_per_s": rate_per_s, "duration_s": duration_s}
    return ("python3", "-c", PROGRAM, json.dumps(plan))


def requests_per_cpu_s(text: str, wanted: float) -> float:
    """Return the requests per CPU second that Locust's users report.

    Raises `WorldError` if requests failed, or if there were fewer than nine tenths of those wanted: users that cannot
    keep up with the rate are not compared at it.
    """
    done = json.loads(text)
    requests, failures = done["requests"], done["failures"]
    if failures or requests < 0.9 * wanted:
        raise WorldError(f"Locust's users sent {requests} of {wanted:.0f} requests, and {failures} failed")
    return float(requests / done["cpu_s"])


def our_requests_per_cpu_s(result: LoadResult, duration_s: float) -> float:
    """Return the requests per CPU second of a load of `duration_s` from one worker without a baseline.

    Raises `WorldError` if requests failed or were missed.
    """
    failed = sum(result.together.errors.values())
    if failed or result.missed:
        raise WorldError(
            f"of {result.planned} requests of our generator {failed} failed and {result.missed} were missed"
        )
    return result.planned / (result.cpu_share * duration_s)
