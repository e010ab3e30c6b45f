"""Tests of the checks of the host's limits, and of the report on a spec."""

import ctypes
import os

import pytest

from clusters.doctor import Host, Machine, Question, Verdict, examine
from clusters.errors import HostUnfit
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.host.commands import failing
from tests.fakes.host.host import FakeHost

LIBC = ctypes.CDLL(None)
INSTANCES = "/proc/sys/fs/inotify/max_user_instances"


def check(host, name, **question):
    return next(
        check for check in examine(Question(source=Source.BUILT, **question), host).checks if check.name == name
    )


@pytest.mark.parametrize(
    ("instances", "workers", "verdict"),
    [("512", 2, Verdict.OK), ("128", 2, Verdict.OK), ("64", 2, Verdict.WARNING), ("64", 3, Verdict.UNFIT)],
)
def test_the_limit_of_inotify_instances_is_compared_with_the_needs_of_the_nodes(instances, workers, verdict):
    found = check(FakeHost(files={INSTANCES: instances}), "inotify instances", workers=workers)
    assert found.verdict is verdict
    assert found.remedy == ("" if verdict is Verdict.OK else "`sudo sysctl fs.inotify.max_user_instances=512`")


def test_inotify_instances_of_other_clusters_are_subtracted_from_the_limit():
    busy = FakeHost(files={INSTANCES: "128"}, inotify_instances=90)
    found = check(busy, "inotify instances", workers=2)
    assert found.verdict is Verdict.UNFIT
    assert "is 128 and 90 are in use; 3 idle nodes need about 60" in found.seen


def test_only_root_sees_the_inotify_instances_in_use():
    assert "in use" not in check(FakeHost(root=False), "inotify instances", workers=2).seen


@pytest.mark.parametrize(
    ("files", "name", "verdict"),
    [
        ({"/proc/meminfo": "MemAvailable:   4000000 kB\n"}, "memory", Verdict.WARNING),
        ({"/proc/meminfo": "MemAvailable:    500000 kB\n"}, "memory", Verdict.UNFIT),
        ({"/proc/sys/net/netfilter/nf_conntrack_max": "65536"}, "connection tracking", Verdict.WARNING),
        ({"/proc/sys/net/netfilter/nf_conntrack_max": None}, "connection tracking", Verdict.OK),
        ({"/proc/700/limits": "Max open files   1024   1024   files"}, "open files", Verdict.WARNING),
        ({"/proc/700/limits": "Max open files   1024   unlimited   files"}, "open files", Verdict.OK),
    ],
)
def test_the_verdict_follows_from_the_limit(files, name, verdict):
    assert check(FakeHost(files=files), name).verdict is verdict


BUILT = {"docker image inspect": "sha256:0123"}


@pytest.mark.parametrize(("free_gib", "script", "verdict"), [(30, {}, "ok"), (10, {}, "unfit"), (10, BUILT, "ok")])
def test_disk_space_for_building_is_not_required_if_the_images_are_built(free_gib, script, verdict):
    host = FakeHost(free_gib=free_gib, script=script)
    assert check(host, "disk of /var/lib/docker").verdict == verdict


def test_a_spec_that_can_run_raises_no_error():
    spec = ClusterSpec(Mode.IPVS, "1.37.2", Source.BUILT)
    examine(spec, FakeHost()).require(spec)


def test_a_spec_that_cannot_run_raises_an_error_of_one_line_with_cause_and_remedy():
    spec = ClusterSpec(Mode.IPVS, "1.37.2", Source.BUILT, Substrate.HOST)
    host = FakeHost(
        files={"/proc/net/ip_vs": None, INSTANCES: "16"},
        script={"unshare --net ipvsadm": failing("ipvsadm", "Can't initialize ipvs")},
    )
    with pytest.raises(HostUnfit) as unfit:
        examine(spec, host).require(spec)
    assert "\n" not in str(unfit.value)
    assert "mode ipvs" in unfit.value.message
    assert "kernel: ip_vs: Can't initialize ipvs: the host's kernel does not support ipvs mode" in unfit.value.message
    assert "also unfit: inotify instances" in unfit.value.message
    assert "substrate uml" in unfit.value.remedy


def test_checks_of_modes_that_were_not_requested_are_left_out():
    report = examine(Question((Mode.NFTABLES,), Source.BUILT), FakeHost())
    assert not any("ip" in check.name.split()[-1] for check in report.checks if check.name.startswith("kernel"))


def test_every_check_that_is_not_ok_has_a_cause_and_a_remedy():
    bare = FakeHost(
        without=["docker", "go", "kind", "mmdebstrap", "ipset", "nft"],
        files={"/proc/net/ip_vs": None, "/proc/meminfo": "MemAvailable: 1 kB"},
        bounding="0",
        silent=["http"],
    )
    found = [check for check in examine(Question(), bare).checks if check.verdict is not Verdict.OK]
    assert len(found) > 8
    assert all(check.cause and check.remedy for check in found)


def test_nftables_on_substrate_uml_is_unfit_with_debians_kernel():
    report = examine(Question((Mode.NFTABLES,), Source.REGISTRY, Substrate.UML), FakeHost())
    assert "substrate uml: nftables" in [check.name for check in report.unfit_for(Mode.NFTABLES)]


@pytest.mark.parametrize(("mode", "kernel"), [(Mode.NFTABLES, "built before the cluster"), (Mode.IPVS, "until then")])
def test_the_doctor_says_which_kernel_a_user_mode_linux_runs(mode, kernel):
    report = examine(Question((mode,), Source.BUILT, Substrate.UML), FakeHost())
    plan = report.plan_for(mode)
    (check,) = (check for check in report.checks if check.name == f"substrate uml: {mode}" and check.concerns(plan))
    assert check.verdict is Verdict.OK
    assert kernel in check.seen


def test_the_real_machine_implements_host(tmp_path):
    machine: Host = Machine()
    (tmp_path / "text").write_text("hello")
    assert machine.read_text(str(tmp_path / "text")) == "hello"
    assert machine.read_text(str(tmp_path / "absent")) is None
    room = machine.room(str(tmp_path / "not" / "there" / "yet"))
    assert room is not None
    assert room.device == tmp_path.stat().st_dev


def test_the_real_machine_returns_the_urls_that_do_not_respond():
    machine = Machine()
    # No program listens on the discard port of the loopback.
    unanswered = machine.unanswered(["http://127.0.0.1:9/", "gopher:"], timeout_s=5)
    assert set(unanswered) == {"http://127.0.0.1:9/", "gopher:"}


def test_the_real_machine_counts_the_inotify_watches_of_root():
    before = Machine().inotify_taken()
    watching = LIBC.inotify_init()
    try:
        assert LIBC.inotify_add_watch(watching, b"/", 1) == 1
        after = Machine().inotify_taken()
    finally:
        os.close(watching)
    if os.geteuid() != 0:
        assert before is after is None
        return
    assert before is not None
    assert after is not None
    assert after.instances > 0
    assert after.watches > 0
