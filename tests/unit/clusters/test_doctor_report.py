"""Limits of the host, and what a report says of a spec."""

import ctypes
import os

import pytest

from clusters.doctor import Host, Machine, Question, Verdict, examine
from clusters.errors import HostUnfit
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.commands import failing
from tests.fakes.host import FakeHost

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
def test_inotify_instances_are_counted_against_the_nodes(instances, workers, verdict):
    found = check(FakeHost(files={INSTANCES: instances}), "inotify instances", workers=workers)
    assert found.verdict is verdict
    assert found.remedy == ("" if verdict is Verdict.OK else "`sudo sysctl fs.inotify.max_user_instances=512`")


def test_what_other_clusters_hold_of_inotify_is_not_there_for_ours():
    crowded = FakeHost(files={INSTANCES: "128"}, inotify_instances=90)
    found = check(crowded, "inotify instances", workers=2)
    assert found.verdict is Verdict.UNFIT
    assert "is 128 and 90 are taken; 3 idle nodes take about 60" in found.seen


def test_what_others_hold_of_inotify_is_seen_by_root_alone():
    assert "taken" not in check(FakeHost(root=False), "inotify instances", workers=2).seen


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
def test_limits(files, name, verdict):
    assert check(FakeHost(files=files), name).verdict is verdict


BUILT = {"docker image inspect": "sha256:0123"}


@pytest.mark.parametrize(("free_gib", "script", "verdict"), [(30, {}, "ok"), (10, {}, "unfit"), (10, BUILT, "ok")])
def test_images_that_are_built_already_need_no_room_to_be_built(free_gib, script, verdict):
    host = FakeHost(free_gib=free_gib, script=script)
    assert check(host, "disk of /var/lib/docker").verdict == verdict


def test_a_spec_that_can_run_is_let_through():
    spec = ClusterSpec(Mode.IPVS, "1.37.2", Source.BUILT)
    examine(spec, FakeHost()).require(spec)


def test_a_spec_that_cannot_run_is_one_line_with_cause_and_remedy():
    spec = ClusterSpec(Mode.IPVS, "1.37.2", Source.BUILT, Substrate.HOST)
    host = FakeHost(
        files={"/proc/net/ip_vs": None, INSTANCES: "16"},
        script={"unshare --net ipvsadm": failing("ipvsadm", "Can't initialize ipvs")},
    )
    with pytest.raises(HostUnfit) as unfit:
        examine(spec, host).require(spec)
    assert "\n" not in str(unfit.value)
    assert "mode ipvs" in unfit.value.message
    assert "kernel: ip_vs: Can't initialize ipvs: the host's kernel carries no ipvs mode" in unfit.value.message
    assert "also unfit: inotify instances" in unfit.value.message
    assert "substrate uml" in unfit.value.remedy


def test_checks_of_modes_that_were_not_asked_about_are_left_out():
    report = examine(Question((Mode.NFTABLES,), Source.BUILT), FakeHost())
    assert not any("ip" in check.name.split()[-1] for check in report.checks if check.name.startswith("kernel"))


def test_every_check_that_is_not_ok_says_why_and_what_to_do():
    bare = FakeHost(
        without=["docker", "go", "kind", "mmdebstrap", "ipset", "nft"],
        files={"/proc/net/ip_vs": None, "/proc/meminfo": "MemAvailable: 1 kB"},
        bounding="0",
        silent=["http"],
    )
    found = [check for check in examine(Question(), bare).checks if check.verdict is not Verdict.OK]
    assert len(found) > 8
    assert all(check.cause and check.remedy for check in found)


def test_nftables_on_user_mode_linux_is_told_to_be_impossible():
    report = examine(Question((Mode.NFTABLES,), Source.BUILT, Substrate.UML), FakeHost())
    assert [check.name for check in report.unfit_for(Mode.NFTABLES)] == ["substrate uml: nftables"]


def test_the_real_machine_is_a_host(tmp_path):
    machine: Host = Machine()
    (tmp_path / "text").write_text("hello")
    assert machine.read_text(str(tmp_path / "text")) == "hello"
    assert machine.read_text(str(tmp_path / "absent")) is None
    room = machine.room(str(tmp_path / "not" / "there" / "yet"))
    assert room is not None
    assert room.device == tmp_path.stat().st_dev


def test_the_real_machine_asks_all_at_once_and_tells_who_is_silent():
    machine = Machine()
    # Nothing listens on the discard port of the loopback.
    unanswered = machine.unanswered(["http://127.0.0.1:9/", "gopher:"], timeout_s=5)
    assert set(unanswered) == {"http://127.0.0.1:9/", "gopher:"}


def test_the_real_machine_counts_what_root_watches():
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
