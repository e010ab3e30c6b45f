"""The images of a kind cluster: in the node image, loaded into nodes, or built while cases run."""

from dataclasses import replace

import pytest

from clusters.errors import CommandFailed
from clusters.images.recipes import kernel_recipe, recipe_book, stock_book
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.host.kindprovider import LOCK, STOCK, provider, working
from tests.fakes.progress import SilentProgress


def test_images_that_no_registry_has_are_loaded_into_the_nodes(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    cluster = provider(commands, tmp_path).create(STOCK, SilentProgress())
    (load,) = commands.asked_for(f"{installed_kind} load")
    assert cluster.images.load in load
    assert cluster.images.registry not in load
    assert cluster.images.load == stock_book(LOCK, LOCK.release(None)).load.tag


@pytest.mark.parametrize("mode", Mode)
def test_stock_nodes_of_every_mode_have_the_tools_that_read_ipvs(tmp_path, installed_kind, mode):
    spec = ClusterSpec(mode, "1.37.0", Source.REGISTRY)
    commands = working(spec, installed_kind)
    provider(commands, tmp_path).create(spec, SilentProgress())
    (create,) = commands.asked_for(f"{installed_kind} create cluster")
    assert f"--image={stock_book(LOCK, LOCK.release(None)).ipvs_node.tag}" in create


def test_the_ipvs_director_is_loaded_into_stock_nodes_on_substrate_uml(tmp_path, installed_kind):
    spec = ClusterSpec(Mode.IPVS, "1.37.0", Source.REGISTRY, Substrate.UML)
    director = stock_book(LOCK, LOCK.release(None)).director
    assert director.copied == (("registry.k8s.io/kube-proxy:v1.37.0", "/usr/local/bin/kube-proxy"),)
    curl = f"docker exec --interactive {spec.name}-control-plane curl"
    kernel = "docker image inspect --format={{.Id}} kubeproof/kernel"
    script = {
        "docker exec": "",
        curl: failing(curl, "Empty reply from server", 52),
        kernel: failing(kernel, "Error: No such image: x"),
    }
    commands = working(spec, installed_kind, script)
    with pytest.raises(CommandFailed, match="Empty reply"):
        provider(commands, tmp_path).create(spec, SilentProgress())
    (load,) = commands.asked_for(f"{installed_kind} load")
    assert director.tag in load


def without(*missing):
    """Return the engine's answer to questions for images, of which it lacks `missing`."""

    def inspect(argv):
        if argv[-1] in missing:
            raise failing("docker image inspect", f"Error: No such image: {argv[-1]}")
        return "sha256:1"

    return {"docker image inspect": inspect}


def test_images_that_few_cases_need_are_built_while_the_cluster_is_used(tmp_path, installed_kind):
    registry = stock_book(LOCK, LOCK.release(None)).registry.tag
    slow_engine = installed_kind.parent / "docker"
    slow_engine.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    slow_engine.chmod(0o755)
    builds = provider(working(STOCK, installed_kind, without(registry)), tmp_path)
    cluster = builds.create(STOCK, SilentProgress())
    build = builds.background_build(cluster.name)
    assert build.is_running()
    builds.release(cluster, SilentProgress())
    assert not build.is_running()


@pytest.mark.parametrize(("mode", "before"), [(Mode.NFTABLES, True), (Mode.IPVS, False)])
def test_our_own_kernel_is_built_before_a_cluster_that_needs_it(tmp_path, mode, before):
    commands = ScriptedCommands({"docker image inspect": "sha256:1"})
    spec = ClusterSpec(mode, LOCK.releases[0].version, Source.BUILT, Substrate.UML)
    provider(commands, tmp_path).images.ensure(spec, SilentProgress())
    assert any(kernel_recipe(LOCK).tag in argv for argv in commands.asked) is before


def test_nothing_is_built_in_the_background_if_all_images_exist(tmp_path, installed_kind):
    found = provider(working(STOCK, installed_kind), tmp_path)
    cluster = found.create(STOCK, SilentProgress())
    assert not found.background_build(cluster.name).log.exists()


def test_images_of_pods_are_loaded_into_the_nodes_once_they_are_built(tmp_path, installed_kind):
    commands = ScriptedCommands(
        {"docker image inspect": "sha256:1", f"{installed_kind} version": "kind v0.33.0 go1.26"}
    )
    commands.script[f"{installed_kind} load"] = ""
    book = recipe_book(LOCK, LOCK.release(None))
    cluster = replace(fake_cluster(), source=Source.BUILT)
    provider(commands, tmp_path).wait_images(cluster, ("traefik", "haproxy"), SilentProgress())
    (load,) = commands.asked_for(f"{installed_kind} load")
    assert book.traefik.tag in load
    assert book.haproxy.tag not in load, "HAProxy runs outside the cluster"


def test_nodes_pull_the_images_of_pods_that_registries_have(tmp_path, installed_kind):
    commands = ScriptedCommands({"docker image inspect": "sha256:1"})
    cluster = replace(fake_cluster(), source=Source.REGISTRY, kubernetes="1.37.0")
    provider(commands, tmp_path).wait_images(cluster, ("traefik",), SilentProgress())
    assert commands.asked == []
