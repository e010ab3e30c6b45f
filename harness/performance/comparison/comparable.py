"""Whether runs can be compared: on one host, checked by themselves, and with plausible figures."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from statistics import median

from clusters.errors import Refused, UsageError
from clusters.spec import Mode
from harness.performance.comparison.mode_costs import is_baseline, is_control, is_persistent_request, steps_of
from reports.model import Interval, Measurement, MeasurementName, RunResults
from reports.model.findings import GrowthFinding, SelfCheckFinding

MODES = tuple(map(str, Mode))

ALIKE = ("kernel", "cpus", "kubernetes", "source", "nodes")
"""The fields of `RunInfo` that must be the same in all runs on one substrate to compare them."""

OTHER_HOST = 1.1
"""The factor between the controls of two modes from which on they were not measured on the same host.

Conclusions rest on what a first packet takes above its control. Where the host is slower, that grows as the control
does, so up to this factor the comparison of two modes is off by a tenth at most.
"""

MOST_SERVICES = 10_000_000
LONGEST_US = 1e9
"""The largest plausible values: a larger one was not measured."""


def require_finished(runs: Sequence[RunResults]) -> None:
    """Raise `UsageError` for a run that did not finish, or of a mode that does not exist."""
    for results in runs:
        if results.run.finished is None:
            raise UsageError(f"run {results.run.id} did not finish", remedy="name runs that have ended")
        if results.run.mode not in MODES:
            raise UsageError(
                f"run {results.run.id} has mode {reprlib.repr(results.run.mode)}, but one of {', '.join(MODES)} was "
                "expected",
                remedy="name runs of kube-proxy's modes",
            )


def require_alike(runs: Sequence[RunResults]) -> None:
    """Raise `Refused` if these runs on one substrate differ in more than the mode."""
    for name in ALIKE:
        values = sorted({str(getattr(results.run, name)) for results in runs})
        if len(values) > 1:
            raise Refused(f"the runs differ in {name}: {' and '.join(values)}", remedy="compare runs of one host")


def require_comparable(runs: Sequence[RunResults]) -> None:
    """Raise `Refused` or `UsageError` if no conclusion may be drawn from these sweeps on one substrate together."""
    for results in runs:
        if failed_self_check(results):
            raise Refused(f"run {results.run.id} failed its self-check, so nothing may be concluded from it")
        _require_figures(results)
    modes = sorted({results.run.mode for results in runs})
    by_mode = {mode: [results for results in runs if results.run.mode == mode] for mode in modes}
    for of_mode in by_mode.values():
        _require_one_growth(of_mode)
    for ours, theirs in combinations(modes, 2):
        _require_one_host(by_mode[ours], by_mode[theirs])


def failed_self_check(results: RunResults) -> bool:
    """Return whether nothing may be concluded from the run's measurements."""
    return any(isinstance(found, SelfCheckFinding) and not found.holds for found in results.findings)


def _require_one_growth(runs: Sequence[RunResults]) -> None:
    """Raise `Refused` if two runs of one mode differ in growth by more than their intervals allow.

    The steps of all runs are fitted together, and the interval of the line contains only how far they lie from it.
    """
    grown = [(results, us) for results in runs for us in _growth_us(results)]
    for (ours, here), (theirs, there) in combinations(grown, 2):
        if here.high < there.low or there.high < here.low:
            raise Refused(
                f"two sweeps in {ours.run.mode} mode differ: per 1,000 Services the first packet grew by "
                f"{_shown(here)} in run {ours.run.id} and by {_shown(there)} in run {theirs.run.id}",
                remedy="leave out the run during which other work kept the host busy, or repeat both",
            )


def _growth_us(results: RunResults) -> Iterator[Interval]:
    """Yield the growth per 1,000 Services in the run's own mode, in microseconds; older runs may have stored none."""
    for found in results.findings:
        if isinstance(found, GrowthFinding) and found.mode == results.run.mode:
            yield found.per_1000_services_us


def _shown(us: Interval) -> str:
    return f"{us.value:.1f} us ({us.low:.1f} to {us.high:.1f})"


def _require_one_host(ours: Sequence[RunResults], theirs: Sequence[RunResults]) -> None:
    """Raise `Refused` if the host was faster in the runs of one mode than in those of the other.

    The control shows it: it traverses no rule that a mode makes. Older runs without one have loopback baselines, and
    their latencies are compared as they are.
    """
    control_us = [_medians_us(runs, is_control) for runs in (ours, theirs)]
    if all(control_us):
        name, (here, there), tolerated = "path without connection tracking", control_us, OTHER_HOST
    else:
        baseline_us = (_medians_us(runs, is_baseline) for runs in (ours, theirs))
        name, (here, there), tolerated = "loopback baseline", baseline_us, 1.0
    if here and there and _are_apart(here, there, tolerated):
        raise Refused(
            f"the host was not the same in all runs: the {name} took {min(here):.1f} to {max(here):.1f} us "
            f"in {_ids(ours)}, {min(there):.1f} to {max(there):.1f} us in {_ids(theirs)}",
            remedy="measure the modes one right after the other",
        )


def _are_apart(here: Sequence[float], there: Sequence[float], tolerated: float) -> bool:
    """Return whether the ranges do not overlap and the middles differ by more than the tolerated factor."""
    low, high = sorted((here, there), key=median)
    return max(low) < min(high) and median(high) > tolerated * median(low)


def _ids(runs: Sequence[RunResults]) -> str:
    return f"run{'s' if len(runs) > 1 else ''} {' and '.join(results.run.id for results in runs)}"


def _medians_us(runs: Sequence[RunResults], is_meant: Callable[[Measurement], bool]) -> list[float]:
    """Return the medians in microseconds of the measurements that are meant, over all steps of the runs."""
    return [found.quantiles["p50"] for results in runs for found in results.measurements if is_meant(found)]


def _require_figures(results: RunResults) -> None:
    """Raise `UsageError` if a figure to be compared is not a number or is out of range."""
    for name in (MeasurementName.FIRST_PACKET, MeasurementName.SERVICE_COST):
        for found in steps_of(results, name):
            _require_figure(results, found, "p50", found.quantiles["p50"], -LONGEST_US, LONGEST_US)
            _require_figure(results, found, "services", found.conditions.services, 0, MOST_SERVICES)
    for found in results.measurements:
        if is_persistent_request(found) or is_control(found) or is_baseline(found):
            _require_figure(results, found, "p50", found.quantiles["p50"], 0, LONGEST_US)


def _require_figure(
    results: RunResults, found: Measurement, name: str, value: object, lowest: float, highest: float
) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not lowest <= value <= highest:
        raise UsageError(
            f"run {results.run.id} cannot be compared: {name} of {found.name} is {reprlib.repr(value)}, "
            f"but a number from {lowest:,.0f} to {highest:,.0f} was expected"
        )
