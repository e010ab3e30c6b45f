"""Other load generators at the same rate against the same target: wrk and hey, as Debian ships them.

Both are paced: hey by its own option, in requests per second per worker, and wrk by a script that pauses between the
requests of a connection. Both measure from the actual start of a request, not from its intended start, and neither
reads the kernel's clock. A latency includes the generator's own time per request. To subtract it, each generator also
measures a loopback baseline: the same requests to a server in its own pod.
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
from harness.statistics.quantiles import quantile

US = {"us": 1.0, "ms": 1e3, "s": 1e6}
LATENCY = re.compile(r"^\s+(?P<percent>50|99)%\s+(?P<value>[\d.]+)(?P<unit>us|ms|s)$", re.MULTILINE)
REQUESTS = re.compile(r"^\s+(\d+) requests in ", re.MULTILINE)
HEY_RESOLUTION_US, WRK_RESOLUTION_US, OUR_RESOLUTION_US = 100.0, 1.0, 1.0


ECHO = (PROCESSES / "kubeproof_load" / "echo.py").read_text()
ECHO_LIFETIME_S = 3600


@dataclass(frozen=True, slots=True)
class Reported:
    """The latencies that a generator reports, in microseconds; `resolution_us` is the precision of its output."""

    generator: str
    n: int
    p50_us: float
    p99_us: float
    resolution_us: float


@dataclass(frozen=True, slots=True)
class GeneratorResult:
    """One generator's latencies of the target (`target`) and of the server in its own pod (`baseline`)."""

    target: Reported
    baseline: Reported

    @property
    def above_baseline_us(self) -> float:
        """The target's median minus the baseline's, in microseconds."""
        return self.target.p50_us - self.baseline.p50_us


def echo_argv(lifetime_s: int = ECHO_LIFETIME_S, line: str = "/tmp/echo") -> tuple[str, ...]:
    """Return a command that starts a server in the background and prints the loopback port on which it listens.

    The server ends after `lifetime_s`. It reports its port through a named pipe at path `line`, so that the command can
    end before the server does.
    """
    serve = f'(sleep {lifetime_s} | python3 -c "$0" > {line}) > /dev/null 2>&1 &'
    return ("sh", "-c", f"mkfifo {line}; {serve} read port < {line}; echo $port", ECHO)


def hey_argv(target: Target, path: str, rate_per_s: float, seconds: int, *, kept: bool) -> tuple[str, ...]:
    """Return hey's command: one worker, on one keep-alive connection if `kept`, else on a new one per request."""
    url = f"http://{target.address}:{target.port}{path}"
    keep = () if kept else ("-disable-keepalive",)
    return ("hey", "-z", f"{seconds}s", "-c", "1", "-q", f"{rate_per_s:g}", *keep, "-o", "csv", url)


def parse_hey(text: str) -> Reported:
    """Read latencies from hey's CSV list of requests. Raises `WorldError` if it is empty or a request failed."""
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or any(row["status-code"] != "200" for row in rows):
        raise WorldError(f"hey sent {len(rows)} requests, and not all were answered with 200")
    latencies_us = [round(float(row["response-time"]) * 1e6) for row in rows]
    counts = block_counts([encode(latencies_us)])
    return Reported("hey", len(rows), quantile(counts, 0.5), quantile(counts, 0.99), HEY_RESOLUTION_US)


def reported_by_kubeproof(blocks: TargetBlocks, clock: str = "wall") -> Reported:
    """Return the latencies of our own generator by one of its clocks. Raises `WorldError` if a request failed."""
    counts = block_counts(blocks.histograms(clock))
    if blocks.errors or not counts.n:
        raise WorldError(f"Kubeproof's generator got {counts.n} answers and these failures: {blocks.errors}")
    return Reported("ours", counts.n, quantile(counts, 0.5), quantile(counts, 0.99), OUR_RESOLUTION_US)


def wrk_argv(target: Target, path: str, rate_per_s: float, seconds: int) -> tuple[str, ...]:
    """Return wrk's command: one keep-alive connection with a pause before each request."""
    url = f"http://{target.address}:{target.port}{path}"
    pause = f"function delay() return {1000 / rate_per_s:.0f} end"
    run = f"wrk -t1 -c1 -d{seconds}s --latency -s /tmp/pace.lua {url}"
    return ("sh", "-c", f"echo '{pause}' > /tmp/pace.lua && {run}")


def parse_wrk(text: str) -> Reported:
    """Read latencies from wrk's summary. Raises `WorldError` if it is incomplete or a request failed."""
    found = {match["percent"]: float(match["value"]) * US[match["unit"]] for match in LATENCY.finditer(text)}
    requests = REQUESTS.search(text)
    if requests is None or set(found) != {"50", "99"} or "errors" in text or "Non-2xx" in text:
        raise WorldError(f"wrk printed no complete summary without errors: {text.strip()[-300:]}")
    return Reported("wrk", int(requests[1]), found["50"], found["99"], WRK_RESOLUTION_US)
