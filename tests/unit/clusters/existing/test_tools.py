"""Tests of the tools pods of an existing cluster, of the check of its images, and of the run's own namespace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clusters.errors import ClusterNotReady, CommandFailed, ImageUnavailable
from clusters.existing.imagecheck import ImageCheck
from clusters.existing.ownnamespace import LABEL, LIFETIME_S, OWNER_ANNOTATION, OwnNamespace
from clusters.existing.podstart import PATIENCE_S
from clusters.existing.tools import ToolsPods
from clusters.existing.toolspod import tools_pod, tools_pod_name
from clusters.host.ownership import Owner
from clusters.images.lock import read_lock
from clusters.images.recipes import recipe_book, stock_book
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.api import NODES, FakeApi

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


def test_a_tools_pod_has_only_the_permissions_that_reading_requires():
    pod = tools_pod("worker", "reg/tools:1", signals=False)
    security = container(pod)["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]}
    assert (security["privileged"], security["allowPrivilegeEscalation"]) == (False, False)
    assert security["readOnlyRootFilesystem"]
    assert "appArmorProfile" not in security
    assert all(mount["readOnly"] for mount in container(pod)["volumeMounts"])
    assert not pod["spec"]["automountServiceAccountToken"]


def test_a_tools_pod_may_signal_kube_proxy_only_with_permission():
    security = container(tools_pod("worker", "reg/tools:1", signals=True))["securityContext"]
    assert security["appArmorProfile"] == {"type": "Unconfined"}
    assert not security["privileged"]


def test_a_tools_pod_shares_its_nodes_namespaces_and_tolerates_all_taints():
    spec = tools_pod("worker", "reg/tools:1", signals=False)["spec"]
    assert (spec["nodeName"], spec["hostNetwork"], spec["hostPID"]) == ("worker", True, True)
    assert spec["tolerations"] == [{"operator": "Exists"}]


def test_a_pod_is_started_once_for_several_programs():
    api = FakeApi(answers={(tools_pod_name("worker"), "conntrack"): "cpu=0 drop=1"})
    pods = tools(api)
    for _ in range(2):
        assert pods.run("worker", ("conntrack", "-S"), 5).stdout == "cpu=0 drop=1"
    assert api.created == [tools_pod_name("worker")]


def test_a_pod_that_another_process_of_the_run_has_created_is_used():
    api = FakeApi()
    for process in (tools(api), tools(api)):
        process.run("worker", ("nft", "list", "tables"), 5)
    assert list(api.started) == [(OURS, tools_pod_name("worker"))]


@pytest.mark.parametrize(
    ("version", "requested", "ran"),
    [
        (NFT, ("iptables-save", "-c"), ("iptables-nft-save", "-c")),
        (LEGACY, ("iptables-save", "-c"), ("iptables-legacy-save", "-c")),
        (LEGACY, ("ip6tables-save",), ("ip6tables-legacy-save",)),
        (LEGACY, ("iptables", "--version"), ("iptables-legacy", "--version")),
        (absent("iptables"), ("iptables-save",), ("iptables-nft-save",)),
    ],
)
def test_programs_of_iptables_use_the_backend_of_the_nodes_kube_proxy(version, requested, ran):
    api = FakeApi(answers={("kube-proxy-worker", "iptables"): version})
    pods = tools(api)
    for _ in range(2):
        pods.run("worker", requested, 5)
    in_proxy = [argv for pod, argv in api.programs if pod == "kube-proxy-worker"]
    in_tools = [argv for pod, argv in api.programs if pod == tools_pod_name("worker")]
    assert in_proxy == [("iptables", "--version")], "the backend is read once"
    assert in_tools == [ran, ran]


def test_an_error_is_raised_if_the_backend_of_kube_proxy_cannot_be_read():
    api = FakeApi(answers={("kube-proxy-worker", "iptables"): CommandFailed(("iptables",), 1, "", "Forbidden")})
    with pytest.raises(CommandFailed, match="Forbidden"):
        tools(api).run("worker", ("iptables-save",), 5)


def test_the_tools_image_has_the_packages_of_all_tools():
    packages = {"conntrack", "curl", "ipset", "iptables", "ipvsadm", "kmod", "nftables", "procps"}
    lock = read_lock()
    for release in lock.releases:
        for book in (recipe_book(lock, release), stock_book(lock, release)):
            assert packages <= set(book.tools.packages)
            assert book.tools in book.for_existing


def test_the_tools_image_has_the_newest_nft_of_all_images():
    """An older nft may crash on rules that a newer one has written (kubernetes/kubernetes#136786)."""
    lock = read_lock()
    assert recipe_book(lock, lock.release(None)).tools.suite == lock.director_debian != lock.debian


class Recovering(JumpingClock):
    """A clock that makes the registry available again after `after_s`."""

    def __init__(self, refused, after_s):
        super().__init__()
        self._refused, self._after_s = refused, after_s

    def sleep(self, seconds):
        super().sleep(seconds)
        if self.now_s >= self._after_s:
            self._refused.clear()


def test_the_error_about_a_failed_pull_has_image_node_and_the_kubelets_message():
    api = FakeApi(refused={("worker2", "reg/tools:1"): ("ErrImagePull", NOT_FOUND)})
    clock = JumpingClock()
    with pytest.raises(ImageUnavailable) as refused:
        tools(api, clock=clock).start(*NODES)
    message = "node worker2 of cluster staging cannot pull image reg/tools:1: ErrImagePull: " + NOT_FOUND
    assert refused.value.message == message
    assert "kubeproof images push REGISTRY/PREFIX" in refused.value.remedy
    assert clock.now_s < 2 * PATIENCE_S


def test_the_error_has_the_message_before_the_back_off():
    refused = {("worker", "reg/tools:1"): ("ErrImagePull", NOT_FOUND)}

    class BackingOff(JumpingClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            refused[("worker", "reg/tools:1")] = BACK_OFF

    with pytest.raises(ImageUnavailable, match="ErrImagePull: failed to pull"):
        tools(FakeApi(refused=refused), clock=BackingOff()).start("worker")


@pytest.mark.parametrize("after_s", [12, 34])
def test_a_pull_that_succeeds_after_one_or_two_failures_is_no_error(after_s):
    """The kubelet tries again after 10 s, then after another 20 s."""
    refused = {("worker", "reg/tools:1"): ("ErrImagePull", "connection reset by peer")}
    tools(FakeApi(refused=refused), clock=Recovering(refused, after_s)).start("worker")


def test_an_invalid_image_name_fails_at_once():
    api, clock = FakeApi(refused={("worker", "reg/tools:1"): ("InvalidImageName", "bad reference")}), JumpingClock()
    with pytest.raises(ImageUnavailable, match="InvalidImageName: bad reference"):
        tools(api, clock=clock).start("worker")
    assert clock.now_s == 0


def test_a_node_that_reports_nothing_is_an_error_at_the_time_limit():
    with pytest.raises(ClusterNotReady, match=r"on node worker of cluster staging has not started within 300 s"):
        tools(FakeApi(refused={("worker", "reg/tools:1"): ("ContainerCreating", "")})).start("worker")


class RejectingApi(FakeApi):
    """A cluster whose nodes reject all pods."""

    def pods(self, namespace):
        status = {"phase": "Failed", "reason": "OutOfcpu", "message": "Node didn't have enough resource: cpu"}
        return tuple({**pod, "status": status} for pod in super().pods(namespace))


def test_a_pod_that_its_node_rejects_is_an_error_at_once():
    with pytest.raises(ClusterNotReady, match=r"on node worker .*OutOfcpu: Node didn't have enough resource"):
        tools(RejectingApi()).start("worker")


def check(api):
    return ImageCheck(api, "staging", OURS, JumpingClock())


IMAGES = {"agnhost": "reg/agnhost:1", "load": "reg/load:1"}


def test_every_node_pulls_all_images_in_a_pod_that_is_removed_afterwards():
    api = FakeApi()
    check(api).require(NODES, IMAGES)
    assert len(api.created) == len(NODES)
    assert api.started == {}


def test_the_pods_are_removed_even_if_an_image_cannot_be_pulled():
    api = FakeApi(refused={("worker", "reg/load:1"): ("ErrImagePull", "not found")})
    with pytest.raises(ImageUnavailable, match="node worker of cluster staging cannot pull image reg/load:1"):
        check(api).require(NODES, IMAGES)
    assert api.started == {}


def test_an_image_without_the_program_counts_as_pulled():
    api = FakeApi(refused={("worker", "reg/load:1"): ("RunContainerError", 'exec: "true": not found')})
    check(api).require(NODES, IMAGES)


def test_no_pod_is_created_without_images():
    api = FakeApi()
    check(api).require(NODES, {})
    assert api.created == []


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


def test_a_run_removes_only_namespaces_of_killed_runs():
    me = Owner.myself()
    ended, running = str(replace(me, start_ticks=1)), str(me)
    hidden = str(replace(me, pid=1, start_ticks=1, pid_namespace="1"))
    api = FakeApi(
        namespaces=(
            left("ended-here", ended),
            left("running-here", running, age_s=2 * LIFETIME_S),
            left("in-a-container-here", hidden),
            left("elsewhere", "another-boot/1/1/1"),
            left("elsewhere-long-ago", "another-boot/1/1/1", age_s=LIFETIME_S + 60),
            {"metadata": {"name": "not-ours", "labels": {}, "creationTimestamp": "2020-01-01T00:00:00Z"}},
        )
    )
    OwnNamespace(api, OURS, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)).make()
    assert set(api.existing_namespaces) == {"running-here", "in-a-container-here", "elsewhere", "not-ours", OURS}


def test_the_runs_namespace_admits_privileged_pods_and_names_its_owner():
    api = FakeApi()
    OwnNamespace(api, OURS).make()
    metadata = api.existing_namespaces[OURS]["metadata"]
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert Owner.parse(metadata["annotations"][OWNER_ANNOTATION]) == Owner.myself()


def test_removing_the_namespace_removes_every_pod_in_it():
    api = FakeApi()
    own = OwnNamespace(api, OURS)
    own.make()
    tools(api).start(*NODES)
    own.remove()
    own.remove()
    assert api.started == api.existing_namespaces == {}
