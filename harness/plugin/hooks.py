"""The pytest plugin: options, markers, and one run with one cluster.

The controller process creates the cluster before any xdist worker starts, passes it to each worker as data, and removes
it exactly once at the end, whatever happened (see `harness.plugin.run.controller`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clusters.choose import node_access_of, settle_background_build
from clusters.cluster import Cluster
from clusters.errors import KubeproofError
from clusters.host.clock import SystemClock
from clusters.host.supervisor import supervise
from harness.dataplane.shell import ClusterProxyShell
from harness.kube.nodes.shell import ClusterNodeShell
from harness.plugin import hookspecs
from harness.plugin.bundle import bundle_name, collect_bundle
from harness.plugin.listener import StatusListener, usual_durations_s
from harness.plugin.needs import missing_need, needs_background_images, of_other_modes
from harness.plugin.only import add_only_option, deselect_others, require_suites
from harness.plugin.run.cancellation import sigterm_as_interrupt
from harness.plugin.run.controller import CONTROLLER, Controller, new_directory
from harness.plugin.run.exit_code import exit_code
from harness.plugin.run.owner import ProviderOwner
from harness.plugin.run.request import EXISTING, ClusterRequest, add_options, read_request, read_seed
from harness.plugin.run.status import RunStatus
from harness.plugin.view import choose_view, own_stdout
from harness.run.claims import read_claims
from harness.run.lock import run_lock
from harness.run.log import RunLog
from harness.run.record import RECORD, attach, new_record
from harness.run.stash import CLUSTER, RUN_DIRECTORY, SEED
from reports.text import one_line

pytest_plugins = [
    "harness.fixtures.cluster",
    "harness.fixtures.namespace",
    "harness.fixtures.clients",
    "harness.fixtures.results",
    "harness.fixtures.metrics",
    "harness.fixtures.nodes",
    "harness.fixtures.proxies",
    "harness.fixtures.load",
    "harness.fixtures.programming",
    "harness.fixtures.edge",
    "harness.fixtures.registry",
    "harness.plugin.images",
]
INPUT = "kubeproof"
WORKERS_PER_CPU = 2
"""xdist workers for each core: cases mostly wait for a kubelet, a probe or a controller."""

MARKERS = (
    "claim(id, ...): the claims that this case may decide",
    "performance: a measurement",
    "exclusive: runs alone on the machine, after all others",
    "long: waits for about a minute or more, so it starts before others",
    "blocking: monopolises a shared resource; scheduled in the middle of the run, after the long cases",
    "disruptive: damages nodes; needs a cluster that this run created, or --allow-disruptive",
    "workers(n): needs n worker nodes (default: 1)",
    "modes(mode, ...): applies to these proxy modes only",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)
    add_only_option(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if hasattr(config, "workerinput"):
        _take_over(config, json.loads(config.workerinput[INPUT]))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Create the cluster before xdist starts its workers, unless pytest only collects."""
    config = session.config
    if hasattr(config, "workerinput"):
        return
    try:
        config.stash[SEED] = read_seed(config)
        request = read_request(config)
        require_suites(config)
        if request is None or config.option.collectonly:
            return
        sigterm_as_interrupt()
        supervise()  # covers xdist's workers, which start later
        controller = _new_controller(config, request)
        config.stash[CONTROLLER] = controller
        config.stash[RUN_DIRECTORY] = controller.directory
        config.stash[CLUSTER] = controller.start()
    except KubeproofError as error:
        pytest.exit(f"kubeproof: {one_line(str(error))}", returncode=error.exit_code)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Return the number of xdist's workers for `-n auto` in a run with a cluster."""
    wanted = config.getoption("proxy_mode") or config.getoption("kubeconfig")
    return WORKERS_PER_CPU * (os.cpu_count() or 1) if wanted else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the cluster, the run's directory and the seed to an xdist worker."""
    config = node.config
    cluster = config.stash.get(CLUSTER, None)
    node.workerinput[INPUT] = json.dumps(
        {
            "cluster": None if cluster is None else cluster.to_json(),
            "directory": str(config.stash.get(RUN_DIRECTORY, "")),
            "seed": config.stash[SEED],
        }
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order cases: long ones first, then those whose images may have to be built, exclusive ones last.

    Among exclusive ones, measurements run before disruptive cases.
    """
    deselect_others(config, items)
    half = len(items) // 2
    turns = {item: _turn(item, early=place < half) for place, item in enumerate(items)}
    items.sort(key=turns.__getitem__)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a case that this cluster cannot decide, or that would damage a cluster this run did not create.

    An exclusive case starts only when no images are being built: all cases before it have ended, so what is still being
    built is needed by an exclusive case, or by none.
    """
    cluster = item.config.stash.get(CLUSTER, None)
    if cluster is None:
        return
    if (reason := of_other_modes(item, cluster)) is not None:
        item.stash[RECORD].claims.decide_nothing(reason)  # other cases may still decide its claims
        pytest.skip(reason)
    if (reason := missing_need(item, cluster)) is not None:
        pytest.skip(reason)
    if _is_marked(item, "exclusive"):
        exclusive = (other for other in item.session.items if _is_marked(other, "exclusive"))
        settle_background_build(cluster, wait=any(map(needs_background_images, exclusive)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    new_record(item)
    directory = item.config.stash.get(RUN_DIRECTORY, None)
    if directory is None:
        return (yield)
    with run_lock(directory / "cases.lock", exclusive=_is_marked(item, "exclusive")):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Collect evidence of a failure while the case's namespace still exists, and attach the record to the report."""
    report = yield
    if report.failed and report.when != "teardown":
        item.stash[RECORD].bundle = _bundle(item, report)
    attach(report, item, call)
    return report


class ControllerListener:
    """Passes every report, including those of xdist workers, to the controller."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._controller.take(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        try:
            return (yield)
        finally:
            self._controller.close(interrupted=session.exitstatus == pytest.ExitCode.INTERRUPTED)
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = exit_code(self._controller.results)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the controller of a run that never reached the end of its session."""
    controller = config.stash.get(CONTROLLER, None)
    if controller is not None:
        controller.close()


def _new_controller(config: pytest.Config, request: ClusterRequest) -> Controller:
    claims_file = config.rootpath / config.getini("kubeproof_claims")
    claims = read_claims(claims_file) if claims_file.exists() else ()
    directory = new_directory(Path(config.getoption("runs_dir")), str(request.mode or EXISTING))
    owner = config.hook.pytest_kubeproof_cluster_owner(request=request) or ProviderOwner()
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    controller = Controller(
        request=request,
        owner=owner,
        claims=claims,
        directory=directory,
        seed=config.stash[SEED],
        repeats=int(config.getoption("count", 1)),
        publish=lambda results, where: config.hook.pytest_kubeproof_results(results=results, directory=where),
        log=RunLog(directory / "run.log", (lambda line: None) if reporter is None else reporter.write_line),
    )
    config.pluginmanager.register(ControllerListener(controller), "kubeproof-controller")
    if reporter is not None:
        listener = _new_listener(config, directory)
        controller.case_ended = listener.case_ended
        config.pluginmanager.register(listener, "kubeproof-status")
    return controller


def _new_listener(config: pytest.Config, directory: Path) -> StatusListener:
    """Return the listener that shows what the run is doing."""
    clock, status = SystemClock(), RunStatus(usual_durations_s(directory.parent, directory.name.partition("-")[2]))

    def line() -> str:
        return status.line(listener.now_s())

    view = choose_view(own_stdout(), line, verbose=config.option.verbose > 0)
    listener = StatusListener(status, view, clock)
    return listener


def _turn(item: pytest.Item, *, early: bool) -> tuple[bool, bool, bool, int]:
    """Return the sort key of a case; `early` says whether it is in the first half in the order as written."""
    turn = 0 if _is_marked(item, "long") else 2 if _is_marked(item, "blocking") else 1 if early else 3
    return (
        _is_marked(item, "exclusive"),
        not _is_marked(item, "performance"),
        needs_background_images(item),
        turn,
    )


def _is_marked(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


def _take_over(config: pytest.Config, shared: dict[str, Any]) -> None:
    """Store in an xdist worker's config what the controller passed to it."""
    config.stash[SEED] = shared["seed"]
    if shared["cluster"] is not None:
        config.stash[CLUSTER] = Cluster.from_json(shared["cluster"])
        config.stash[RUN_DIRECTORY] = Path(shared["directory"])


def _bundle(item: pytest.Item, report: pytest.TestReport) -> str | None:
    funcargs, cluster = getattr(item, "funcargs", {}), item.config.stash.get(CLUSTER, None)
    if "kube" not in funcargs or "namespace" not in funcargs or cluster is None:
        return None
    access = None
    with suppress(KubeproofError):  # an unreachable engine must not hide the failure
        access = funcargs.get("node_access") or node_access_of(cluster)
    name = bundle_name(item.nodeid)
    directory = item.config.stash[RUN_DIRECTORY] / "bundles" / name
    collect_bundle(
        funcargs["kube"],
        None if access is None else ClusterProxyShell(access, cluster),
        funcargs["namespace"],
        directory,
        report.longreprtext,
        nodes=None if access is None else ClusterNodeShell(access, cluster),
    )
    return f"bundles/{name}"
