"""What other generators say of the same target at the same rate: wrk and hey, as Debian ships them.

Both are paced: hey by its own option, in requests a second of each worker, and wrk by a script that pauses between two
requests of a connection. Both count from when they did send, and neither knows the kernel's clock. Each generator needs
time of its own for a request, and so it also asks a server in its own pod: what is above that floor is the path's.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

from clusters.errors import WorldError
from harness.load.master import PROCESSES
from harness.load.plan import Target, TargetBlocks
from harness.statistics.histogram import block_counts, encode
from harness.statistics.quantile_interval import quantile

US = {"us": 1.0, "ms": 1e3, "s": 1e6}
LATENCY = re.compile(r"^\s+(?P<percent>50|99)%\s+(?P<value>[\d.]+)(?P<unit>us|ms|s)$", re.MULTILINE)
REQUESTS = re.compile(r"^\s+(\d+) requests in ", re.MULTILINE)
HEY_RESOLUTION_US, WRK_RESOLUTION_US, OUR_RESOLUTION_US = 100.0, 1.0, 1.0


ECHO = (PROCESSES / "kubeproof_load" / "echo.py").read_text()
ECHO_LIFETIME_S = 3600


@dataclass(frozen=True, slots=True)
class Reported:
    """What a generator says: its quantiles are no finer than its resolution."""

    generator: str
    n: int
    p50_us: float
    p99_us: float
    resolution_us: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What a generator says of the target, and of a server in its own pod: its floor."""

    told: Reported
    baseline: Reported

    @property
    def above_us(self) -> float:
        """By how much the target's median lies above the floor's."""
        return self.told.p50_us - self.baseline.p50_us


def echo_argv(lifetime_s: int = ECHO_LIFETIME_S, line: str = "/tmp/echo") -> tuple[str, ...]:
    """Starts a server that goes on in the pod, and prints its port on the loopback when it listens there.

    It tells the port by a pipe called `line`, so that nobody waits for the server's end.
    """
    serve = f'(sleep {lifetime_s} | python3 -c "$0" > {line}) > /dev/null 2>&1 &'
    return ("sh", "-c", f"mkfifo {line}; {serve} read port < {line}; echo $port", ECHO)


def hey_argv(target: Target, path: str, rate_per_s: float, seconds: int, *, kept: bool) -> tuple[str, ...]:
    """One worker, on a connection that is kept or on a new one each time."""
    url = f"http://{target.address}:{target.port}{path}"
    keep = () if kept else ("-disable-keepalive",)
    return ("hey", "-z", f"{seconds}s", "-c", "1", "-q", f"{rate_per_s:g}", *keep, "-o", "csv", url)


def parse_hey(text: str) -> Reported:
    """From its list of requests. Raises `WorldError` if there is none, or one of them failed."""
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or any(row["status-code"] != "200" for row in rows):
        raise WorldError(f"hey has sent {len(rows)} requests, and not all were answered with 200")
    latencies_us = [round(float(row["response-time"]) * 1e6) for row in rows]
    counts = block_counts([encode(latencies_us)])
    return Reported("hey", len(rows), quantile(counts, 0.5), quantile(counts, 0.99), HEY_RESOLUTION_US)


def reported_by_us(blocks: TargetBlocks, clock: str = "wall") -> Reported:
    """The same of our own generator, by one of its clocks. Raises `WorldError` if requests failed."""
    counts = block_counts(blocks.histograms(clock))
    if blocks.errors or not counts.n:
        raise WorldError(f"our own generator had {counts.n} answers and these failures: {blocks.errors}")
    return Reported("ours", counts.n, quantile(counts, 0.5), quantile(counts, 0.99), OUR_RESOLUTION_US)


def wrk_argv(target: Target, path: str, rate_per_s: float, seconds: int) -> tuple[str, ...]:
    """One connection, which is kept, with a pause before each request."""
    url = f"http://{target.address}:{target.port}{path}"
    pause = f"function delay() return {1000 / rate_per_s:.0f} end"
    run = f"wrk -t1 -c1 -d{seconds}s --latency -s /tmp/pace.lua {url}"
    return ("sh", "-c", f"echo '{pause}' > /tmp/pace.lua && {run}")


def parse_wrk(text: str) -> Reported:
    """From its own summary. Raises `WorldError` if there is none, or requests failed."""
    found = {match["percent"]: float(match["value"]) * US[match["unit"]] for match in LATENCY.finditer(text)}
    requests = REQUESTS.search(text)
    if requests is None or set(found) != {"50", "99"} or "errors" in text or "Non-2xx" in text:
        raise WorldError(f"wrk has told no clean summary: {text.strip()[-300:]}")
    return Reported("wrk", int(requests[1]), found["50"], found["99"], WRK_RESOLUTION_US)
