"""How the machine is accelerated, and what is said when it does not end."""

from pathlib import Path

import pytest

from clusters.errors import ClusterNotReady, CommandFailed
from tests.fakes.commands import ScriptedCommands
from tests.fakes.progress import SilentProgress
from tests.normal_host.acceleration import EMULATION, KVM
from tests.normal_host.boot import Disk, boot, choose_acceleration
from tests.normal_host.machine import Machine

MACHINE = Machine(Path("/machine"))


def console_of(argv):
    return Path(next(word for word in argv if word.startswith("file:")).removeprefix("file:"))


def saying(words, *, then=""):
    """QEMU whose machine writes `words` to its console."""

    def qemu(argv):
        console_of(argv).write_text(words)
        if then:
            raise CommandFailed(argv, None, "", then)
        return ""

    return ScriptedCommands({"qemu-system-x86_64": qemu})


def test_kvm_is_used_where_a_kernel_boots_by_it():
    commands = saying("[    0.000000] Linux version 6.1.0\nKernel panic - not syncing: no root\n")
    assert choose_acceleration(commands, MACHINE, SilentProgress()) == KVM


@pytest.mark.parametrize("end", ["", "terminated"])
def test_a_kvm_that_never_leaves_the_boot_loader_is_not_used(end):
    commands = saying("SeaBIOS\nBooting from ROM...\n", then=end)
    assert choose_acceleration(commands, MACHINE, SilentProgress()) == EMULATION


def test_without_kvm_the_machine_is_emulated():
    commands = ScriptedCommands({"qemu": CommandFailed(("qemu",), 1, "", "failed to initialize kvm")})
    assert choose_acceleration(commands, MACHINE, SilentProgress()) == EMULATION


def test_without_qemu_nothing_is_said_of_kvm():
    with pytest.raises(CommandFailed, match="not found"):
        choose_acceleration(ScriptedCommands({}), MACHINE, SilentProgress())


def test_a_qemu_that_fails_is_not_taken_for_a_slow_machine(tmp_path):
    commands = ScriptedCommands({"qemu": CommandFailed(("qemu",), 1, "", "could not open /docker.img")})
    with pytest.raises(CommandFailed, match=r"could not open /docker\.img"):
        boot(commands, MACHINE, EMULATION, (Disk(Path("/d")), Disk(Path("/j"))), tmp_path / "console.log", 10.0)


def test_only_a_kept_disk_keeps_what_is_written(tmp_path):
    commands = saying("")
    disks = (Disk(Path("/docker.img")), Disk(Path("/job.img"), kept=True))
    boot(commands, MACHINE, EMULATION, disks, tmp_path / "console.log", 10.0)
    (line,) = commands.asked_for("qemu")
    assert "file=/machine/root.img,format=raw,if=virtio,cache=unsafe,snapshot=on" in line
    assert "file=/docker.img,format=raw,if=virtio,cache=unsafe,snapshot=on" in line
    assert "file=/job.img,format=raw,if=virtio,cache=unsafe,snapshot=off" in line


def test_an_emulated_kernel_takes_its_clock_from_the_processor(tmp_path):
    commands = saying("")
    boot(commands, MACHINE, EMULATION, (Disk(Path("/d")), Disk(Path("/j"))), tmp_path / "console.log", 10.0)
    (line,) = commands.asked_for("qemu")
    assert " tsc=reliable " in line


def test_a_machine_that_does_not_end_is_reported_with_its_last_words(tmp_path):
    commands = saying("docker: layer 3\nstill loading\n", then="late")
    disks = (Disk(Path("/docker.img")), Disk(Path("/job.img")))
    with pytest.raises(ClusterNotReady, match=r"within 10 s; its last words: docker: layer 3 / still loading"):
        boot(commands, MACHINE, EMULATION, disks, tmp_path / "console.log", 10.0)
