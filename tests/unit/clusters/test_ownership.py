import os
from pathlib import Path

from clusters.ownership import KEEP_LABEL, OWNER_LABEL, Claimed, Owner, labels_for


def claimed(labels):
    return Claimed.of_network({"Id": "n1", "Labels": labels})


def test_this_very_process_lives():
    assert Owner.myself().lives()
    assert not claimed(labels_for("a", keep=False)).abandoned


def test_a_later_process_with_the_same_id_is_somebody_else():
    myself = Owner.myself()
    assert not Owner(myself.boot_id, myself.pid, myself.start_ticks + 1).lives()


def test_another_boot_of_the_machine_ended_every_owner():
    myself = Owner.myself()
    assert not Owner("another-boot", myself.pid, myself.start_ticks).lives()


def test_a_name_with_blanks_and_brackets_does_not_confuse_the_start_time(tmp_path: Path):
    fields = " ".join(["S", *(str(number) for number in range(4, 53))])
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (a) b (c) {fields}\n")
    boot = tmp_path / "boot_id"
    boot.write_text("this-boot\n")
    assert Owner("this-boot", 7, 22).lives(proc=tmp_path, boot_id=boot)


def test_a_process_that_was_killed_and_not_yet_buried_is_dead(tmp_path: Path):
    """The first process of a container may take its time with orphans."""
    fields = " ".join(["Z", *(str(number) for number in range(4, 53))])
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (pytest) {fields}\n")
    boot = tmp_path / "boot_id"
    boot.write_text("this-boot\n")
    assert not Owner("this-boot", 7, 22).lives(proc=tmp_path, boot_id=boot)


def test_a_kept_cluster_is_never_abandoned():
    dead = {**labels_for("a", keep=True), OWNER_LABEL: "another-boot/1/1"}
    assert not claimed(dead).abandoned
    assert claimed({**dead, KEEP_LABEL: "false"}).abandoned


def test_an_owner_survives_its_label():
    assert Owner.parse(str(Owner.myself())) == Owner.myself()
    assert Owner.parse("nonsense") is None
    assert Owner.myself().pid == os.getpid()
