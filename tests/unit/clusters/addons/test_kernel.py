import pytest

from clusters.addons.kernel import install_kernel
from clusters.addons.uml import KERNEL_DIRECTORY
from clusters.cluster import Node, Role
from clusters.engine import Engine
from clusters.errors import CommandFailed
from clusters.images.lock import read_lock
from clusters.images.recipes import kernel_recipe
from clusters.kind.images import built_meanwhile
from clusters.spec import Source, Substrate
from tests.fakes.host.commands import ScriptedCommands, failing

LOCK = read_lock()
RELEASE = LOCK.release(None)
KERNEL = kernel_recipe(LOCK)
NODES = (Node("kubeproof-worker", Role.WORKER, "172.18.0.3"), Node("kubeproof-worker2", Role.WORKER, "172.18.0.4"))


def test_the_kernel_is_copied_from_its_image_into_every_node():
    commands = ScriptedCommands({"docker create": "c1\n", "docker": ""})
    assert install_kernel(Engine(commands), NODES, KERNEL)
    copies = [argv for argv in commands.asked if argv[:2] == ("docker", "cp")]
    assert copies[0][2] == "c1:/linux"
    assert [argv[-1] for argv in copies[1:]] == [f"{node.name}:{KERNEL_DIRECTORY}" for node in NODES]


def test_the_container_of_a_kernel_that_cannot_be_copied_is_removed():
    broken = failing("docker cp c1:/linux", "no space left on device")
    commands = ScriptedCommands({"docker create": "c1\n", "docker cp": broken, "docker": ""})
    with pytest.raises(CommandFailed):
        install_kernel(Engine(commands), NODES, KERNEL)
    assert commands.asked[-1][-1] == "c1"
    assert "rm" in commands.asked[-1]


def test_without_the_image_nodes_are_left_as_they_are():
    absent = failing("docker image inspect", "Error: No such image: x")
    commands = ScriptedCommands({"docker image inspect": absent})
    assert not install_kernel(Engine(commands), NODES, KERNEL)


def test_only_a_host_that_builds_images_and_needs_the_kernel_builds_it_and_does_so_last():
    *_, last = built_meanwhile(LOCK, RELEASE, Source.BUILT, Substrate.UML)
    assert last == KERNEL
    assert KERNEL not in built_meanwhile(LOCK, RELEASE, Source.BUILT, Substrate.HOST)
    assert KERNEL not in built_meanwhile(LOCK, RELEASE, Source.REGISTRY, Substrate.UML)
