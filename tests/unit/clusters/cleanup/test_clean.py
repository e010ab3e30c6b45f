"""Tests of what clean-up removes after a run has ended, and what it keeps."""

from dataclasses import replace

import pytest

from clusters.cleanup.clean import clean_leftovers, remove_cluster
from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.host.ownership import (
    CLUSTER_LABEL,
    KEEP_LABEL,
    OWNER_LABEL,
    Claimed,
    Owner,
    build_labels,
    labels_for,
)
from clusters.host.processes import Process
from tests.fakes.clock import JumpingClock
from tests.fakes.host.commands import failing
from tests.fakes.host.docker import FakeContainer, FakeDocker
from tests.fakes.host.processes import FakeProcesses
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


def test_only_clusters_of_ended_runs_are_removed():
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    docker.add_network("kubeproof-ipvs-aaaaaa", {**KEPT, CLUSTER_LABEL: "kubeproof-ipvs-aaaaaa"})
    docker.add_network("kubeproof-ipvs-bbbbbb", labels_for("kubeproof-ipvs-bbbbbb", keep=False))
    docker.add_node(NAME, "node")
    docker.add_node("kubeproof-ipvs-aaaaaa", "kept")
    docker.add_node("kubeproof-ipvs-bbbbbb", "living")
    assert clean(docker) == (f"cluster {NAME}",)
    assert docker.removed == ["node", f"id-{NAME}"]


def test_kept_clusters_are_removed_only_on_request():
    docker = FakeDocker()
    docker.add_network(NAME, KEPT)
    assert clean(docker) == ()
    assert clean(docker, kept_too=True) == (f"cluster {NAME}",)


def test_the_network_is_removed_last_so_that_an_interrupted_removal_can_be_repeated():
    docker = FakeDocker(containers=[FakeContainer("outside", LEFT, NAME)])
    docker.add_network(NAME, LEFT)
    docker.add_node(NAME, "node")
    clean(docker)
    assert docker.removed == ["node", "outside", f"id-{NAME}"]


def test_the_network_is_removed_only_after_a_node_that_is_still_being_created():
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    docker.add_node(NAME, "node", making=5)
    clean(docker)
    assert docker.removed == ["node", f"id-{NAME}"]


def test_a_node_that_cannot_be_removed_is_an_error_and_its_network_stays():
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    docker.add_node(NAME, "node", making=10**6)
    docker.add_network("kubeproof-ipvs-aaaaaa", {**LEFT, CLUSTER_LABEL: "kubeproof-ipvs-aaaaaa"})
    with pytest.raises(WorldError, match=f"cluster {NAME}: 1 containers are still there after 180 s"):
        clean(docker)
    assert docker.removed == ["id-kubeproof-ipvs-aaaaaa"], "the other cluster is removed"


def test_a_node_whose_removal_is_already_in_progress_is_waited_for():
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


def test_processes_that_create_nodes_are_ended_before_anything_is_removed():
    """kind may create nodes until it ends, and these must be found."""
    docker = FakeDocker()
    docker.add_network(NAME, LEFT)
    processes = FakeProcesses(kind_of(NAME), ending=lambda: docker.add_node(NAME, "late"))
    assert clean(docker, processes) == ("process 7 (kind)", f"cluster {NAME}")
    assert docker.containers == []
    assert processes.running == []


def test_everything_that_cannot_be_removed_is_reported():
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
    ids=["abandoned", "no network", "kept", "of an active run", "not ours"],
)
def test_the_network_decides_whether_a_kind_process_without_owner_is_ended(labels, ended):
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
    ids=["another's cluster", "on kind's own network", "a shell", "of an active run", "of another container's run"],
)
def test_processes_that_may_not_be_orphans_are_not_ended(process):
    processes = FakeProcesses(process)
    clean(FakeDocker(), processes)
    assert processes.running == [process]


def test_every_process_of_an_ended_run_is_ended():
    processes = FakeProcesses(orphan("mmdebstrap", "bookworm", owner=Owner.parse(DEAD)))
    assert clean(FakeDocker(), processes) == ("process 7 (mmdebstrap)",)


def test_nodes_whose_network_is_gone_are_removed():
    """An earlier version left hosts in this state, and every later run failed with "node(s) already exist"."""
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
def test_nodes_that_may_not_be_ours_stay(name, settings):
    docker = FakeDocker()
    docker.add_node(name, "node", **settings)
    assert clean(docker) == ()
    assert docker.removed == []


@pytest.mark.parametrize(
    "settings", [{"running": True}, {"network": "kind", "running": False}], ids=["it runs", "another network"]
)
def test_a_node_found_to_be_someone_elses_before_its_removal_stays(settings):
    """A node that is still being created may be ours; that can be checked only once it exists."""
    docker = FakeDocker()
    docker.add_node(NAME, "node", making=10**6, **settings)
    (node,) = docker.containers

    class Made(FakeDocker):
        def run(self, *argv, **given):
            inspected = argv[1:3] == ("container", "inspect")
            self.inspections += inspected
            if inspected and self.inspections == 3:  # the inspection by the removal
                node.making = 0
            return super().run(*argv, **given)

    made = Made(docker.containers)
    made.inspections = 0
    clean(made)
    assert made.inspections > 3
    assert made.removed == []


def test_nodes_of_a_network_without_our_labels_stay():
    docker = FakeDocker()
    docker.add_network(NAME, {})
    docker.add_node(NAME, "node", running=False)
    assert clean(docker) == ()
    assert docker.removed == []


def test_containers_without_a_cluster_are_removed_when_their_owner_has_ended():
    """Containers of image builds never had a cluster."""
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


def test_an_outside_client_stays_while_its_clusters_owner_runs():
    docker = FakeDocker(containers=[FakeContainer("outside", LEFT, NAME)])
    docker.add_network(NAME, labels_for(NAME, keep=False))
    assert clean(docker) == ()


def test_a_new_cluster_that_another_run_creates_under_the_same_name_stays():
    """Two runs clean up at the same time, and the faster one has already created its cluster."""
    docker = FakeDocker()
    docker.add_network(NAME, LEFT, "old")
    docker.add_node(NAME, "old-node")

    def overtaken(sample):
        if sample == 1:
            docker.networks.clear()
            docker.containers.clear()
            docker.add_network(NAME, labels_for(NAME, keep=False), "new")
            docker.add_node(NAME, "new-node")

    docker.before_listing = overtaken
    clean(docker)
    assert list(docker.networks) == ["new"]
    assert [seen.id for seen in docker.containers] == ["new-node"]


def test_nodes_of_a_cluster_that_is_created_during_the_search_stay():
    docker = FakeDocker()

    def begins(sample):
        if sample == 1:
            docker.add_network(NAME, labels_for(NAME, keep=False))
            docker.add_node(NAME, "new-node", running=False)

    docker.before_listing = begins
    clean(docker)
    assert docker.removed == []


@pytest.mark.parametrize("words", ["Error response from daemon: network {} not found", "Error: No such network: {}"])
def test_removing_an_absent_cluster_is_no_error(words):
    """The messages are those of Docker 28 and of Docker 20.10."""
    gone = Claimed(NAME, Owner.myself(), keep=False, network_id="gone")
    remove_cluster(Engine(FakeDocker(no_such_network=words)), gone, JumpingClock())
