"""Tests of the checks of the container engine, cgroups and capabilities."""

import pytest

from clusters.doctor import Question, Verdict, examine
from clusters.spec import Mode, Source
from tests.fakes.host.commands import failing
from tests.fakes.host.host import WITHOUT_SYS_RESOURCE, FakeHost


def check(host, name, **question):
    return next(check for check in examine(Question(**question), host).checks if check.name == name)


def test_a_fit_host_runs_every_mode():
    report = examine(Question(source=Source.BUILT), FakeHost())
    assert report.fit
    assert [plan.substrate for plan in report.plans] == ["host"] * len(Mode)


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("permission denied while trying to connect to the Docker daemon socket", "usermod"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "start Docker"),
    ],
)
def test_an_engine_that_does_not_respond_is_unfit_with_reason_and_remedy(message, remedy):
    found = check(FakeHost(script={"docker info": failing("docker info", message)}), "container engine")
    assert found.verdict is Verdict.UNFIT
    assert found.seen == message
    assert remedy in found.remedy


def test_without_docker_every_mode_is_unfit():
    report = examine(Question(), FakeHost(without=["docker"]))
    assert not report.fit
    assert all(report.unfit_for(mode)[0].name == "container engine" for mode in Mode)


def test_an_engine_older_than_kind_requires_is_unfit():
    assert check(FakeHost(engine={"ServerVersion": "19.03.15"}), "container engine").verdict is Verdict.UNFIT


def test_a_server_error_in_the_engines_output_makes_it_unavailable():
    host = FakeHost(engine={"ServerErrors": ["the daemon is shutting down"]})
    assert check(host, "container engine").seen == "the daemon is shutting down"


def test_an_engine_on_another_kernel_is_reported_and_its_kernel_is_not_examined():
    report = examine(Question(), FakeHost(kernel="5.10.0-mac"))
    names = {check.name for check in report.checks}
    assert "engine's host" in names
    assert not any(name.startswith("kernel:") for name in names)


def test_cgroup_v1_is_a_warning():
    rows = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n" + "".join(
        f"{name}\t1\t1\t1\n" for name in ("cpu", "cpuacct", "cpuset", "devices", "memory", "pids")
    )
    found = check(FakeHost(engine={"CgroupVersion": "1"}, files={"/proc/cgroups": rows}), "cgroups")
    assert (found.verdict, found.seen) == (Verdict.WARNING, "version 1")


def test_a_missing_controller_is_named():
    found = check(FakeHost(files={"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu pids"}), "cgroups")
    assert (found.verdict, found.seen) == (Verdict.UNFIT, "version 2, without memory")


def test_without_sys_resource_plain_runc_is_unfit():
    found = check(FakeHost(bounding=WITHOUT_SYS_RESOURCE), "capabilities")
    assert found.verdict is Verdict.UNFIT
    assert "./setup.sh" in found.remedy


def test_without_sys_resource_a_wrapper_of_runc_is_enough_for_source_built_but_not_for_stock_nodes():
    host = FakeHost(bounding=WITHOUT_SYS_RESOURCE, engine={"DefaultRuntime": "without-sys-resource"})
    assert examine(Question(source=Source.BUILT), host).fit
    report = examine(Question(source=Source.REGISTRY), host)
    assert "capabilities: stock nodes" in {check.name for check in report.unfit_for(Mode.NFTABLES)}


def test_capabilities_missing_from_our_own_bounding_set_are_only_a_warning():
    host = FakeHost(
        files={"/var/run/docker.pid": None, "/proc/self/status": "CapBnd:\t00000000a80425fb\n"},
    )
    assert check(host, "capabilities").verdict is Verdict.WARNING


def test_source_built_supports_one_architecture():
    host = FakeHost(engine={"Architecture": "aarch64"})
    assert not examine(Question(source=Source.BUILT), host).fit
    assert check(host, "architecture: source built").sources == frozenset({Source.BUILT})
