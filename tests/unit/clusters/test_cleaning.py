import json

from clusters.cleaning import clean_leftovers, remove_cluster
from clusters.engine import Engine
from clusters.ownership import CLUSTER_LABEL, KEEP_LABEL, OWNER_LABEL, labels_for
from tests.fakes.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

DEAD = "another-boot/1/1"


def network(name, **labels):
    return {"Name": name, "Labels": {CLUSTER_LABEL: name, **labels}}


def engine_with(*networks, containers=()):
    return ScriptedCommands(
        {
            "docker network ls": "\n".join(str(number) for number, _ in enumerate(networks)),
            "docker network inspect": json.dumps(networks),
            "docker network rm": "",
            "docker ps": "\n".join(containers),
            "docker container inspect": json.dumps([{"Id": container} for container in containers]),
            "docker rm": "",
        }
    )


def test_only_what_a_dead_run_left_is_removed():
    commands = engine_with(
        network("left", **{OWNER_LABEL: DEAD}),
        network("kept", **{OWNER_LABEL: DEAD, KEEP_LABEL: "true"}),
        {"Name": "mine", "Labels": labels_for("mine", keep=False)},
        containers=("node",),
    )
    assert clean_leftovers(SilentProgress(), engine=Engine(commands)) == ("left",)
    assert commands.asked_for("docker network rm") == ["docker network rm left"]


def test_kept_clusters_go_only_when_asked_for():
    commands = engine_with(network("kept", **{OWNER_LABEL: DEAD, KEEP_LABEL: "true"}))
    assert clean_leftovers(SilentProgress(), engine=Engine(commands)) == ()
    assert clean_leftovers(SilentProgress(), kept_too=True, engine=Engine(commands)) == ("kept",)


def test_the_network_goes_last_so_that_a_killed_removal_is_found_again():
    commands = engine_with(network("left", **{OWNER_LABEL: DEAD}), containers=("node",))
    remove_cluster(Engine(commands), "left")
    assert commands.asked[-1] == ("docker", "network", "rm", "left")
    assert "docker rm --force --volumes node" in commands.asked_for("docker rm")


def test_removing_what_is_gone_is_a_success():
    commands = engine_with()
    commands.script["docker network rm"] = failing("docker network rm left", "Error: network left not found")
    remove_cluster(Engine(commands), "left")
