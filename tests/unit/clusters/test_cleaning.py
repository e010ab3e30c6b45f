"""What is removed after a run has ended, and what stays."""

from dataclasses import replace

import pytest

from clusters.cleaning import clean_leftovers, remove_cluster
from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.ownership import (
    CLUSTER_LABEL,
    KEEP_LABEL,
    OWNER_LABEL,
    Claimed,
    Owner,
    build_labels,
    labels_for,
)
from clusters.processes import Process
from tests.fakes.clock import JumpingClock
from tests.fakes.commands import failing
from tests.fakes.docker import FakeContainer, FakeDocker
from tests.fakes.processes import FakeProcesses
from tests.fakes.progress import SilentProgress

DEAD = "another-boot/1/1/1"
ELSEWHERE = replace(Owner.myself(), pid=1, start_ticks=1, pid_namespace="1")
NAME = "kubeproof-iptables-0a1b2c"
LEFT = {CLUSTER_LABEL: NAME, OWNER_LABEL: DEAD}
KEPT = {**LEFT, KEEP_LABEL: "true"}


def clean(docker, processes=None, kept_too=False, progress=None):
    return clean_leftovers(
        progress or SilentProgress(),
        kept_too=kept_too,
        engine=Engine(docker),
        processes=processes or FakeProcesses(),
        clock=JumpingClock(),
    )


def orphan(*argv, owner=None, network=None):
    return Process(7, 1, 7, 100, argv, owner, network)


def kind_of(name):
    return orphan("kind", "create", "cluster", f"--name={name}", network=name)


def test_only_what_a_dead_run_left_is_removed():
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    docker.add_network("kubeproof-ipvs-aaaaaa", {**KEPT, CLUSTER_LABEL: "kubeproof-ipvs-aaaaaa"})
    docker.add_network("kubeproof-ipvs-bbbbbb", labels_for("kubeproof-ipvs-bbbbbb", keep=False))
    docker.add_node(NAME, "node")
    docker.add_node("kubeproof-ipvs-aaaaaa", "kept")
    docker.add_node("kubeproof-ipvs-bbbbbb", "living")
    assert clean(docker) == (f"cluster {NAME}",)
    assert docker.removed == ["node", f"id-{NAME}"]


def test_kept_clusters_go_only_when_asked_for():
    docker = FakeDocker()
    docker.add_network(NAME, KEPT)
    assert clean(docker) == ()
    assert clean(docker, kept_too=True) == (f"cluster {NAME}",)


def test_the_network_goes_last_so_that_a_killed_removal_is_found_again():
    docker = FakeDocker(containers=[FakeContainer("outside", LEFT, NAME)])
    docker.add_network(NAME, LEFT)
    docker.add_node(NAME, "node")
    clean(docker)
    assert docker.removed == ["node", "outside", f"id-{NAME}"]


def test_a_node_that_the_engine_still_makes_is_waited_for_before_the_network_goes():
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    docker.add_node(NAME, "node", making=5)
    clean(docker)
    assert docker.removed == ["node", f"id-{NAME}"]


def test_a_node_that_never_gets_ready_to_be_removed_is_an_error_and_keeps_its_network():
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    docker.add_node(NAME, "node", making=10**6)
    docker.add_network("kubeproof-ipvs-aaaaaa", {**LEFT, CLUSTER_LABEL: "kubeproof-ipvs-aaaaaa"})
    with pytest.raises(WorldError, match=f"cluster {NAME}: 1 containers are still there after 180 s"):
        clean(docker)
    assert docker.removed == ["id-kubeproof-ipvs-aaaaaa"], "what can be removed is"


def test_a_node_that_somebody_else_removes_at_this_moment_is_waited_for():
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    docker.add_node(NAME, "node")

    class Busy(FakeDocker):
        def run(self, *argv, **settings):
            if argv[1] == "rm" and self.samples < 6:
                raise failing("docker rm", "removal of container node is already in progress")
            return super().run(*argv, **settings)

    busy = Busy(docker.containers, docker.networks)
    clean(busy)
    assert busy.removed == ["node", f"id-{NAME}"]


def test_nothing_is_removed_before_everything_has_ended_that_makes_nodes():
    """kind goes on for a while: what it makes until its end has to be found."""
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    processes = FakeProcesses(kind_of(NAME), ending=lambda: docker.add_node(NAME, "late"))
    assert clean(docker, processes) == ("process 7 (kind)", f"cluster {NAME}")
    assert docker.containers == []
    assert processes.running == []


def test_everything_that_does_not_go_is_told():
    docker = FakeDocker()
    for name in (NAME, "kubeproof-ipvs-aaaaaa"):
        docker.add_network(name, {**LEFT, CLUSTER_LABEL: name})
        docker.add_node(name, f"node-of-{name}", making=10**6)
    progress = SilentProgress()
    with pytest.raises(WorldError, match=f"cluster {NAME}: 1 containers are still there"):
        clean(docker, progress=progress)
    (further,) = progress.notes
    assert "cluster kubeproof-ipvs-aaaaaa: 1 containers are still there" in further


@pytest.mark.parametrize(
    ("labels", "ended"),
    [(LEFT, True), (None, True), (KEPT, False), (labels_for(NAME, keep=False), False), ({}, False)],
    ids=["abandoned", "no network", "kept", "of a living run", "not ours"],
)
def test_a_kind_of_no_known_owner_is_ended_by_what_its_network_says(labels, ended):
    docker = FakeDocker()
    if labels is not None:
        docker.add_network(NAME, labels)
    processes = FakeProcesses(kind_of(NAME))
    clean(docker, processes)
    assert processes.running == ([] if ended else [kind_of(NAME)])


@pytest.mark.parametrize(
    "process",
    [
        orphan("kind", "create", "cluster", "--name=kind", network="kind"),
        orphan("kind", "create", "cluster", f"--name={NAME}"),
        orphan("bash", network=NAME),
        orphan("kind", "create", "cluster", f"--name={NAME}", network=NAME, owner=Owner.myself()),
        orphan("kind", "create", "cluster", f"--name={NAME}", network=NAME, owner=ELSEWHERE),
    ],
    ids=["another's cluster", "on kind's own network", "a shell", "of a living run", "of another container's run"],
)
def test_processes_that_are_not_proved_to_be_orphans_of_ours_go_on(process):
    processes = FakeProcesses(process)
    clean(FakeDocker(), processes)
    assert processes.running == [process]


def test_whatever_was_started_for_a_run_that_has_ended_is_ended():
    processes = FakeProcesses(orphan("mmdebstrap", "bookworm", owner=Owner.parse(DEAD)))
    assert clean(FakeDocker(), processes) == ("process 7 (mmdebstrap)",)


def test_nodes_whose_network_is_gone_are_removed():
    """So an earlier version left hosts, on which every later run ended with "node(s) already exist"."""
    docker = FakeDocker()
    docker.add_node(NAME, "first", running=False)
    docker.add_node(NAME, "second", running=False, making=3)
    assert clean(docker) == (f"cluster {NAME}",)
    assert sorted(docker.removed) == ["first", "second"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("kubeproof", {"running": False}),
        ("kubeproof-iptables-xyz", {"running": False}),
        (NAME, {"network": "kind", "running": False}),
        (NAME, {"running": True}),
    ],
    ids=["another name", "another form", "another network", "it runs"],
)
def test_nodes_that_are_not_proved_to_be_ours_stay(name, settings):
    docker = FakeDocker()
    docker.add_node(name, "node", **settings)
    assert clean(docker) == ()
    assert docker.removed == []


@pytest.mark.parametrize(
    "settings", [{"running": True}, {"network": "kind", "running": False}], ids=["it runs", "another network"]
)
def test_a_node_that_turns_out_to_be_somebody_elses_stays(settings):
    """What the engine still makes may be ours; whose it is can be seen between a look and the removal."""
    docker = FakeDocker()
    docker.add_node(NAME, "node", making=10**6, **settings)
    (node,) = docker.containers

    class Made(FakeDocker):
        def run(self, *argv, **given):
            asked = argv[1:3] == ("container", "inspect")
            self.inspections += asked
            if asked and self.inspections == 3:  # that of the removal
                node.making = 0
            return super().run(*argv, **given)

    made = Made(docker.containers)
    made.inspections = 0
    clean(made)
    assert made.inspections > 3
    assert made.removed == []


def test_a_network_without_labels_of_ours_protects_its_nodes():
    docker = FakeDocker()
    docker.add_network(NAME, {})
    docker.add_node(NAME, "node", running=False)
    assert clean(docker) == ()
    assert docker.removed == []


def test_containers_of_ended_owners_go_without_their_cluster():
    """Those of image builds never had one."""
    docker = FakeDocker(
        containers=[
            FakeContainer("outside", LEFT, NAME),
            FakeContainer("build", {OWNER_LABEL: DEAD}, "bridge"),
            FakeContainer("living", build_labels(), "bridge"),
            FakeContainer("elsewhere", {OWNER_LABEL: str(ELSEWHERE)}, "bridge"),
            FakeContainer("nobody", {OWNER_LABEL: ""}, "bridge"),
            FakeContainer("foreign", {"io.kubeproof.recipe": "load"}, "bridge"),
        ]
    )
    assert clean(docker) == ("container outside", "container build")
    assert [seen.id for seen in docker.containers] == ["living", "elsewhere", "nobody", "foreign"]


def test_an_outside_client_of_a_living_cluster_stays_whoever_started_it():
    docker = FakeDocker(containers=[FakeContainer("outside", LEFT, NAME)])
    docker.add_network(NAME, labels_for(NAME, keep=False))
    assert clean(docker) == ()


def test_a_cluster_that_another_run_has_begun_under_the_name_meanwhile_stays():
    """Two runs clean at the same time, and the faster one has gone on already."""
    docker = FakeDocker()
    docker.add_network(NAME, LEFT, "old")
    docker.add_node(NAME, "old-node")

    def overtaken(sample):
        if sample == 1:
            docker.networks.clear()
            docker.containers.clear()
            docker.add_network(NAME, labels_for(NAME, keep=False), "new")
            docker.add_node(NAME, "new-node")

    docker.before_look = overtaken
    clean(docker)
    assert list(docker.networks) == ["new"]
    assert [seen.id for seen in docker.containers] == ["new-node"]


def test_nodes_of_a_cluster_that_begins_while_remains_are_looked_for_stay():
    docker = FakeDocker()

    def begins(sample):
        if sample == 1:
            docker.add_network(NAME, labels_for(NAME, keep=False))
            docker.add_node(NAME, "new-node", running=False)

    docker.before_look = begins
    clean(docker)
    assert docker.removed == []


@pytest.mark.parametrize("words", ["Error response from daemon: network {} not found", "Error: No such network: {}"])
def test_removing_what_is_gone_is_a_success(words):
    """In the words of Docker 28 and of Docker 20.10."""
    gone = Claimed(NAME, Owner.myself(), keep=False, network_id="gone")
    remove_cluster(Engine(FakeDocker(no_such_network=words)), gone, JumpingClock())
