import os
from dataclasses import replace
from pathlib import Path

from clusters.host.ownership import KEEP_LABEL, OWNER_LABEL, Claimed, Owner, labels_for


def claimed(labels):
    return Claimed.of_network({"Id": "n1", "Labels": labels})


def test_this_process_has_not_ended():
    assert not Owner.myself().has_ended()
    assert not claimed(labels_for("a", keep=False)).abandoned


def test_a_later_process_with_the_same_pid_is_another_owner():
    myself = Owner.myself()
    assert replace(myself, start_ticks=myself.start_ticks + 1).has_ended()


def test_an_owner_of_an_earlier_boot_has_ended():
    myself = Owner.myself()
    assert replace(myself, boot_id="another-boot").has_ended()


def test_the_start_time_is_read_correctly_if_the_name_has_blanks_and_brackets(tmp_path: Path):
    fields = " ".join(["S", *(str(number) for number in range(4, 53))])
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (a) b (c) {fields}\n")
    assert not owner_in(tmp_path).has_ended(proc=tmp_path, boot_id=tmp_path / "boot_id")


def test_a_zombie_process_has_ended(tmp_path: Path):
    """The init process of a container may wait a long time before it reaps orphans."""
    fields = " ".join(["Z", *(str(number) for number in range(4, 53))])
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (pytest) {fields}\n")
    assert owner_in(tmp_path).has_ended(proc=tmp_path, boot_id=tmp_path / "boot_id")


def owner_in(proc: Path) -> Owner:
    """Return process 7 of a directory that replaces /proc."""
    (proc / "boot_id").write_text("this-boot\n")
    (proc / "self/ns").mkdir(parents=True)
    (proc / "self/ns/pid").touch()
    return Owner("this-boot", 7, 22, str((proc / "self/ns/pid").stat().st_ino))


def test_a_process_of_another_pid_namespace_is_not_visible_and_not_ended():
    """Two CI jobs in containers that share one engine may have processes with the same PID."""
    elsewhere = replace(Owner.myself(), start_ticks=1, pid_namespace="1")
    assert not elsewhere.is_visible()
    assert not elsewhere.has_ended()
    assert not claimed({**labels_for("a", keep=False), OWNER_LABEL: str(elsewhere)}).abandoned


def test_a_kept_cluster_is_never_abandoned():
    dead = {**labels_for("a", keep=True), OWNER_LABEL: "another-boot/1/1/1"}
    assert not claimed(dead).abandoned
    assert claimed({**dead, KEEP_LABEL: "false"}).abandoned


def test_an_owner_is_equal_after_it_is_written_to_a_label_and_read():
    assert Owner.parse(str(Owner.myself())) == Owner.myself()
    assert Owner.parse("nonsense") is None
    assert Owner.myself().pid == os.getpid()
