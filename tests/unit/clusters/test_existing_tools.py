"""Tools for an existing cluster's nodes: a pod of ours on each, with few rights, that goes with its namespace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clusters.errors import ClusterNotReady, CommandFailed, ImageUnavailable
from clusters.existing.imagecheck import ImageCheck
from clusters.existing.ownnamespace import LABEL, LIFETIME_S, OWNER_ANNOTATION, OwnNamespace
from clusters.existing.podstart import PATIENCE_S
from clusters.existing.tools import ToolsPods
from clusters.existing.toolspod import tools_pod, tools_pod_name
from clusters.images.lock import read_lock
from clusters.images.recipes import recipe_book, stock_book
from clusters.ownership import Owner
from tests.fakes.api import NODES, FakeApi
from tests.fakes.clock import JumpingClock

OURS = "kubeproof-run-1"
LEGACY, NFT = "iptables v1.8.9 (legacy)", "iptables v1.8.11 (nf_tables)"
NOT_FOUND = 'failed to pull and unpack image "reg/tools:1": not found'
BACK_OFF = ("ImagePullBackOff", 'Back-off pulling image "reg/tools:1"')


def tools(api, *, signals=False, clock=None):
    return ToolsPods(api, "staging", OURS, "reg/tools:1", signals, clock or JumpingClock())


def absent(program):
    return CommandFailed((program,), -1, "", f'exec: "{program}": executable file not found in $PATH')


def container(pod):
    (found,) = pod["spec"]["containers"]
    return found


def test_a_tools_pod_has_the_least_rights_that_readers_can_do_with():
    pod = tools_pod("worker", "reg/tools:1", signals=False)
    security = container(pod)["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]}
    assert (security["privileged"], security["allowPrivilegeEscalation"]) == (False, False)
    assert security["readOnlyRootFilesystem"]
    assert "appArmorProfile" not in security
    assert all(mount["readOnly"] for mount in container(pod)["volumeMounts"])
    assert not pod["spec"]["automountServiceAccountToken"]


def test_only_where_nodes_may_be_damaged_may_it_signal_kube_proxy():
    security = container(tools_pod("worker", "reg/tools:1", signals=True))["securityContext"]
    assert security["appArmorProfile"] == {"type": "Unconfined"}
    assert not security["privileged"]


def test_a_tools_pod_is_where_its_nodes_network_and_processes_are_whatever_taints_it_has():
    spec = tools_pod("worker", "reg/tools:1", signals=False)["spec"]
    assert (spec["nodeName"], spec["hostNetwork"], spec["hostPID"]) == ("worker", True, True)
    assert spec["tolerations"] == [{"operator": "Exists"}]


def test_a_pod_starts_once_and_programs_run_in_it():
    api = FakeApi(answers={(tools_pod_name("worker"), "conntrack"): "cpu=0 drop=1"})
    pods = tools(api)
    for _ in range(2):
        assert pods.run("worker", ("conntrack", "-S"), 5).stdout == "cpu=0 drop=1"
    assert api.made == [tools_pod_name("worker")]


def test_a_pod_that_another_process_of_the_run_has_made_is_used():
    api = FakeApi()
    for process in (tools(api), tools(api)):
        process.run("worker", ("nft", "list", "tables"), 5)
    assert list(api.started) == [(OURS, tools_pod_name("worker"))]


@pytest.mark.parametrize(
    ("version", "asked", "ran"),
    [
        (NFT, ("iptables-save", "-c"), ("iptables-nft-save", "-c")),
        (LEGACY, ("iptables-save", "-c"), ("iptables-legacy-save", "-c")),
        (LEGACY, ("ip6tables-save",), ("ip6tables-legacy-save",)),
        (LEGACY, ("iptables", "--version"), ("iptables-legacy", "--version")),
        (absent("iptables"), ("iptables-save",), ("iptables-nft-save",)),
    ],
)
def test_iptables_is_read_by_the_backend_that_the_nodes_kube_proxy_writes(version, asked, ran):
    api = FakeApi(answers={("kube-proxy-worker", "iptables"): version})
    pods = tools(api)
    for _ in range(2):
        pods.run("worker", asked, 5)
    in_proxy = [argv for pod, argv in api.programs if pod == "kube-proxy-worker"]
    in_tools = [argv for pod, argv in api.programs if pod == tools_pod_name("worker")]
    assert in_proxy == [("iptables", "--version")], "asked once"
    assert in_tools == [ran, ran]


def test_a_kube_proxy_that_cannot_be_asked_for_its_backend_is_not_guessed():
    api = FakeApi(answers={("kube-proxy-worker", "iptables"): CommandFailed(("iptables",), 1, "", "Forbidden")})
    with pytest.raises(CommandFailed, match="Forbidden"):
        tools(api).run("worker", ("iptables-save",), 5)


def test_the_image_has_every_program_that_readers_run():
    packages = {"conntrack", "curl", "ipset", "iptables", "ipvsadm", "kmod", "nftables", "procps"}
    lock = read_lock()
    for release in lock.releases:
        for book in (recipe_book(lock, release), stock_book(lock, release)):
            assert packages <= set(book.tools.packages)
            assert book.tools in book.for_existing


def test_the_images_nft_is_the_newest_that_any_image_of_ours_has():
    """An older nft may crash on what a newer one has written (kubernetes/kubernetes#136786)."""
    lock = read_lock()
    assert recipe_book(lock, lock.release(None)).tools.suite == lock.director_debian != lock.debian


class Recovering(JumpingClock):
    """A registry that answers again after `after_s`."""

    def __init__(self, refused, after_s):
        super().__init__()
        self._refused, self._after_s = refused, after_s

    def sleep(self, seconds):
        super().sleep(seconds)
        if self.now_s >= self._after_s:
            self._refused.clear()


def test_an_image_that_cannot_be_pulled_is_told_by_image_node_and_the_kubelets_words():
    api = FakeApi(refused={("worker2", "reg/tools:1"): ("ErrImagePull", NOT_FOUND)})
    clock = JumpingClock()
    with pytest.raises(ImageUnavailable) as refused:
        tools(api, clock=clock).start(*NODES)
    message = "node worker2 of cluster staging cannot pull image reg/tools:1: ErrImagePull: " + NOT_FOUND
    assert refused.value.message == message
    assert "kubeproof images push REGISTRY/PREFIX" in refused.value.remedy
    assert clock.now_s < 2 * PATIENCE_S


def test_the_first_failure_of_a_pull_is_told_where_the_back_off_says_nothing():
    refused = {("worker", "reg/tools:1"): ("ErrImagePull", NOT_FOUND)}

    class BackingOff(JumpingClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            refused[("worker", "reg/tools:1")] = BACK_OFF

    with pytest.raises(ImageUnavailable, match="ErrImagePull: failed to pull"):
        tools(FakeApi(refused=refused), clock=BackingOff()).start("worker")


@pytest.mark.parametrize("after_s", [12, 34])
def test_a_pull_that_fails_twice_is_tried_again(after_s):
    """The kubelet backs off 10 s, then 20 s."""
    refused = {("worker", "reg/tools:1"): ("ErrImagePull", "connection reset by peer")}
    tools(FakeApi(refused=refused), clock=Recovering(refused, after_s)).start("worker")


def test_a_name_that_is_none_fails_at_once():
    api, clock = FakeApi(refused={("worker", "reg/tools:1"): ("InvalidImageName", "bad reference")}), JumpingClock()
    with pytest.raises(ImageUnavailable, match="InvalidImageName: bad reference"):
        tools(api, clock=clock).start("worker")
    assert clock.now_s == 0


def test_a_node_that_says_nothing_is_told_in_time():
    with pytest.raises(ClusterNotReady, match=r"on node worker of cluster staging has not started within 300 s"):
        tools(FakeApi(refused={("worker", "reg/tools:1"): ("ContainerCreating", "")})).start("worker")


class Evicting(FakeApi):
    def pods(self, namespace):
        status = {"phase": "Failed", "reason": "OutOfcpu", "message": "Node didn't have enough resource: cpu"}
        return tuple({**pod, "status": status} for pod in super().pods(namespace))


def test_a_pod_that_its_node_does_not_admit_is_told_at_once():
    with pytest.raises(ClusterNotReady, match=r"on node worker .*OutOfcpu: Node didn't have enough resource"):
        tools(Evicting()).start("worker")


def check(api):
    return ImageCheck(api, "staging", OURS, JumpingClock())


IMAGES = {"agnhost": "reg/agnhost:1", "load": "reg/load:1"}


def test_every_node_pulls_every_image_in_a_pod_that_is_gone_afterwards():
    api = FakeApi()
    check(api).require(NODES, IMAGES)
    assert len(api.made) == len(NODES)
    assert api.started == {}


def test_the_pods_are_gone_also_when_an_image_cannot_be_pulled():
    api = FakeApi(refused={("worker", "reg/load:1"): ("ErrImagePull", "not found")})
    with pytest.raises(ImageUnavailable, match="node worker of cluster staging cannot pull image reg/load:1"):
        check(api).require(NODES, IMAGES)
    assert api.started == {}


def test_a_program_that_an_image_lacks_says_nothing_of_the_image():
    api = FakeApi(refused={("worker", "reg/load:1"): ("RunContainerError", 'exec: "true": not found')})
    check(api).require(NODES, IMAGES)


def test_without_images_no_pod_is_made():
    api = FakeApi()
    check(api).require(NODES, {})
    assert api.made == []


def left(name, owner, age_s=60.0):
    created = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=age_s)
    return {
        "metadata": {
            "name": name,
            "labels": {LABEL: "true"},
            "annotations": {OWNER_ANNOTATION: owner},
            "creationTimestamp": created.isoformat().replace("+00:00", "Z"),
        }
    }


def test_a_run_removes_what_killed_runs_left_and_nothing_else():
    me = Owner.myself()
    dead, lives = str(replace(me, start_ticks=1)), str(me)
    hidden = str(replace(me, pid=1, start_ticks=1, pid_namespace="1"))
    api = FakeApi(
        namespaces=(
            left("dead-here", dead),
            left("lives-here", lives, age_s=2 * LIFETIME_S),
            left("in-a-container-here", hidden),
            left("elsewhere", "another-boot/1/1/1"),
            left("elsewhere-long-ago", "another-boot/1/1/1", age_s=LIFETIME_S + 60),
            {"metadata": {"name": "somebodys", "labels": {}, "creationTimestamp": "2020-01-01T00:00:00Z"}},
        )
    )
    OwnNamespace(api, OURS, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)).make()
    assert set(api.namespaces_there) == {"lives-here", "in-a-container-here", "elsewhere", "somebodys", OURS}


def test_its_namespace_admits_pods_in_the_nodes_namespaces_and_names_its_owner():
    api = FakeApi()
    OwnNamespace(api, OURS).make()
    metadata = api.namespaces_there[OURS]["metadata"]
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert Owner.parse(metadata["annotations"][OWNER_ANNOTATION]) == Owner.myself()


def test_the_namespaces_end_is_that_of_every_pod_in_it():
    api = FakeApi()
    own = OwnNamespace(api, OURS)
    own.make()
    tools(api).start(*NODES)
    own.remove()
    own.remove()
    assert api.started == api.namespaces_there == {}
