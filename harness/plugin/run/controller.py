"""The controller of a run: owns the cluster, collects results, and passes them to the writers after every change.

There is one controller, in the process in which pytest was started. xdist workers are other processes: they receive the
cluster as data and send their results inside pytest's own reports.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clusters.cluster import Cluster
from clusters.errors import KubeproofError, UsageError
from harness.plugin.run.cancellation import uninterrupted
from harness.plugin.run.owner import ClusterOwner
from harness.plugin.run.request import EXISTING, ClusterRequest
from harness.plugin.run.verdicts import Verdicts
from harness.run.claims import Claim
from harness.run.flakes import flakes
from harness.run.log import RunLog
from harness.run.record import CaseReport, read_case_report
from reports.model import CaseResult, Outcome, RunInfo, RunResults

SETUP_CASE = "cluster set-up"
Publish = Callable[[RunResults, Path], None]


@dataclass(slots=True)
class Pending:
    """A case whose tear-down has not been reported yet."""

    outcome: Outcome = Outcome.PASSED
    reason: str = ""
    duration_s: float = 0.0
    may_decide: tuple[str, ...] = ()
    bundle: str | None = None


@dataclass(slots=True)
class Controller:
    """One run with one cluster, in which every case runs `repeats` times.

    `publish` passes the current results to the writers, `case_ended` each case that has ended to whoever shows it.
    """

    request: ClusterRequest
    owner: ClusterOwner
    claims: tuple[Claim, ...]
    directory: Path
    seed: int
    repeats: int
    publish: Publish
    log: RunLog
    case_ended: Callable[[CaseResult], None] = field(default=lambda case: None)
    cluster: Cluster | None = None
    results: RunResults = field(init=False)
    _pending: dict[str, Pending] = field(default_factory=dict)
    _verdicts: Verdicts = field(init=False)
    _closed: bool = False

    def __post_init__(self) -> None:
        self._verdicts = Verdicts(self.claims)
        run = _run_info(self.request, self.directory.name, self.seed)
        self.results = RunResults(run=run, environment=self.request.patience.facts())

    def start(self) -> Cluster:
        """Open the cluster and return it. An error is recorded as an environment error and raised again."""
        self._publish()
        try:
            self.cluster = self.owner.open(self.request, self.log)
        except KubeproofError as error:
            self.refuse(error)
            raise
        self.results = replace(
            self.results,
            run=_with_cluster(self.results.run, self.cluster),
            environment={**self.results.environment, **self.cluster.environment},
        )
        self._publish()
        return self.cluster

    def refuse(self, error: KubeproofError) -> None:
        """Record that no case can run, as an environment error of the cluster's set-up."""
        self.log.error_details(error)
        setup = CaseResult(SETUP_CASE, "", Outcome.ENVIRONMENT_ERROR, str(error), 0.0)
        self.results = self.results.with_case(setup)

    def take(self, report: pytest.TestReport) -> None:
        """Process a case's report of its set-up, call or tear-down."""
        case_report = read_case_report(report)
        pending = self._pending.setdefault(report.nodeid, Pending())
        pending.duration_s += report.duration
        pending.may_decide = pending.may_decide or case_report.may_decide
        pending.bundle = pending.bundle or case_report.bundle
        if pending.outcome is Outcome.PASSED:
            pending.outcome, pending.reason = case_report.outcome, case_report.reason
        crashed = report.when not in ("setup", "call", "teardown")
        if report.when == "teardown" or crashed:
            self._finish(report.nodeid, self._pending.pop(report.nodeid), case_report)

    def close(self, *, interrupted: bool = False) -> None:
        """Remove the cluster and write the final results, once. Ctrl-C and SIGTERM are ignored until it is done.

        A run that was `interrupted` has ended before all of its cases had run, so it is not finished.
        """
        if self._closed:
            return
        self._closed = True
        with uninterrupted():
            try:
                facts = self.owner.closing_facts()
                self.results = replace(self.results, environment={**self.results.environment, **facts})
            except KubeproofError as error:
                self.log.note(f"the facts at the end of the run could not be read: {error}")
            try:
                self.owner.close(self.directory / "logs", self.log)
            except (KubeproofError, OSError) as error:
                self.log.error_details(error)
                failed = CaseResult("cluster removal", "", Outcome.ENVIRONMENT_ERROR, str(error), 0.0)
                self.results = self.results.with_case(failed)
            for nodeid, pending in self._pending.items():
                reason = pending.reason or "the run ended while this case was running"
                outcome = Outcome.ENVIRONMENT_ERROR if pending.outcome is Outcome.PASSED else pending.outcome
                case = _case(nodeid, replace(pending, outcome=outcome, reason=reason))
                self._verdicts.add(case, ())
                self.results = self.results.with_case(case)
            if self.repeats > 1:
                self.results = replace(self.results, findings=(*self.results.findings, flakes(self.results.cases)))
            if not interrupted:
                self.results = replace(self.results, run=replace(self.results.run, finished=_now()))
            self._publish()

    def _finish(self, nodeid: str, pending: Pending, case_report: CaseReport) -> None:
        case = _case(nodeid, pending)
        self.log.case(case.id, case.outcome, case.duration_s)
        self.case_ended(case)
        self._verdicts.add(case, case_report.verdicts)
        self.results = replace(
            self.results.with_case(case),
            measurements=(
                *self.results.measurements,
                *(replace(found, case=case.id) for found in case_report.measurements),
            ),
            findings=(*self.results.findings, *case_report.findings),
        )
        self._publish()

    def _publish(self) -> None:
        self.results = replace(self.results, claims=self._verdicts.combined())
        self.publish(self.results, self.directory)


CONTROLLER = pytest.StashKey[Controller]()
"""The key of the run's controller in pytest's config. xdist workers have no controller."""


def _case(nodeid: str, pending: Pending) -> CaseResult:
    return CaseResult(
        id=nodeid,
        suite=Path(nodeid.partition("::")[0]).parent.name,
        outcome=pending.outcome,
        reason=pending.reason,
        duration_s=round(pending.duration_s, 3),
        claims=pending.may_decide,
        bundle=pending.bundle,
    )


def new_directory(parent: Path, mode: str) -> Path:
    """Create and return `<UTC time>-<mode>`; a second run within the same second gets a number.

    Raises `UsageError` if the directory cannot be created.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return _make_directory(parent, mode)
    except OSError as failure:
        why = failure.strerror or str(failure)
        raise UsageError(f"--runs-dir={parent} cannot be used: {why}", remedy="name a folder to write to") from failure


def _make_directory(parent: Path, mode: str) -> Path:
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{mode}"
    for number in range(1, 100):
        directory = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            directory.mkdir()
        except FileExistsError:
            continue
        return directory
    raise FileExistsError(f"{parent} already holds a hundred runs of this second")


def _run_info(request: ClusterRequest, run_id: str, seed: int) -> RunInfo:
    return RunInfo(
        id=run_id,
        started=_now(),
        finished=None,
        mode=str(request.mode or EXISTING),
        source=str(request.source or "auto"),
        substrate=str(request.substrate or "auto"),
        kubernetes=f"{request.kubernetes} (asked for)" if request.kubernetes else "default",
        kernel=os.uname().release,
        nodes=0,
        cpus=os.cpu_count() or 0,
        seed=seed,
        argv=(Path(sys.argv[0]).name, *sys.argv[1:]),
    )


def _with_cluster(info: RunInfo, cluster: Cluster) -> RunInfo:
    return replace(
        info,
        mode=str(cluster.mode),
        source=str(cluster.source or EXISTING),
        substrate=str(cluster.substrate),
        kubernetes=cluster.kubernetes,
        nodes=len(cluster.nodes),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
