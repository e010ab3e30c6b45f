"""The choice between KVM and emulation, and the error when the machine does not end."""

from pathlib import Path

import pytest

from clusters.errors import ClusterNotReady, CommandFailed
from tests.fakes.host.commands import ScriptedCommands
from tests.fakes.progress import SilentProgress
from tests.normal_host.acceleration import EMULATION, KVM
from tests.normal_host.boot import Disk, boot, choose_acceleration
from tests.normal_host.machine import Machine

MACHINE = Machine(Path("/machine"))


def console_of(argv):
    return Path(next(argument for argument in argv if argument.startswith("file:")).removeprefix("file:"))


def printing(text, *, then=""):
    """Return a fake QEMU that writes `text` to the console, and then fails with `then` if given."""

    def qemu(argv):
        console_of(argv).write_text(text)
        if then:
            raise CommandFailed(argv, None, "", then)
        return ""

    return ScriptedCommands({"qemu-system-x86_64": qemu})


def test_kvm_is_used_if_a_kernel_boots_with_it():
    commands = printing("[    0.000000] Linux version 6.1.0\nKernel panic - not syncing: no root\n")
    assert choose_acceleration(commands, MACHINE, SilentProgress()) == KVM


@pytest.mark.parametrize("end", ["", "terminated"])
def test_a_kvm_that_never_leaves_the_boot_loader_is_not_used(end):
    commands = printing("SeaBIOS\nBooting from ROM...\n", then=end)
    assert choose_acceleration(commands, MACHINE, SilentProgress()) == EMULATION


def test_without_kvm_the_machine_is_emulated():
    commands = ScriptedCommands({"qemu": CommandFailed(("qemu",), 1, "", "failed to initialize kvm")})
    assert choose_acceleration(commands, MACHINE, SilentProgress()) == EMULATION


def test_a_missing_qemu_is_an_error():
    with pytest.raises(CommandFailed, match="not found"):
        choose_acceleration(ScriptedCommands({}), MACHINE, SilentProgress())


def test_a_failure_of_qemu_is_not_reported_as_a_timeout(tmp_path):
    commands = ScriptedCommands({"qemu": CommandFailed(("qemu",), 1, "", "could not open /docker.img")})
    with pytest.raises(CommandFailed, match=r"could not open /docker\.img"):
        boot(commands, MACHINE, EMULATION, (Disk(Path("/d")), Disk(Path("/j"))), tmp_path / "console.log", 10.0)


def test_only_writes_to_a_kept_disk_are_kept(tmp_path):
    commands = printing("")
    disks = (Disk(Path("/docker.img")), Disk(Path("/job.img"), kept=True))
    boot(commands, MACHINE, EMULATION, disks, tmp_path / "console.log", 10.0)
    (line,) = commands.asked_for("qemu")
    assert "file=/machine/root.img,format=raw,if=virtio,cache=unsafe,snapshot=on" in line
    assert "file=/docker.img,format=raw,if=virtio,cache=unsafe,snapshot=on" in line
    assert "file=/job.img,format=raw,if=virtio,cache=unsafe,snapshot=off" in line


def test_an_emulated_kernel_uses_the_tsc_as_clocksource(tmp_path):
    commands = printing("")
    boot(commands, MACHINE, EMULATION, (Disk(Path("/d")), Disk(Path("/j"))), tmp_path / "console.log", 10.0)
    (line,) = commands.asked_for("qemu")
    assert " tsc=reliable " in line


def test_a_machine_that_does_not_end_is_reported_with_its_last_lines(tmp_path):
    commands = printing("docker: layer 3\nstill loading\n", then="late")
    disks = (Disk(Path("/docker.img")), Disk(Path("/job.img")))
    with pytest.raises(ClusterNotReady, match=r"within 10 s; its last lines: docker: layer 3 / still loading"):
        boot(commands, MACHINE, EMULATION, disks, tmp_path / "console.log", 10.0)
