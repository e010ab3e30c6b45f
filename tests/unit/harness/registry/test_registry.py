import io
import json
import tarfile
import tomllib

import pytest
from docker.errors import DockerException, NotFound

from clusters.cluster import Node, Role
from clusters.errors import EngineUnavailable, WorldError
from clusters.host.ownership import labels_for
from clusters.images.recipes import RECIPES
from harness.registry.accesslog import RegistryRequest, RequestCounts, read_requests
from harness.registry.image import archive, compose_image, digest_of, only_file
from harness.registry.nodes import HOSTS, images_of, registry_configured
from harness.registry.server import Registry
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.cluster.shell import RecordingNodeShell
from tests.fakes.host.containers import FakeContainer, FakeRegistry

WORKER = Node("worker", Role.WORKER, "172.18.0.3")
HOST = "registry.a-case.test"
DIGEST = "sha256:" + "a" * 64
AT = "[24/Nov/2026:15:00:00 +0000]"
LOG = f"""172.18.0.1 - - {AT} "GET /v2/ HTTP/1.1" 200 2 "" ""
172.18.0.1 - - {AT} "POST /v2/web/blobs/uploads/ HTTP/1.1" 202 0 "" ""
172.18.0.1 - - {AT} "PATCH /v2/web/blobs/uploads/0a?_state=x HTTP/1.1" 202 0 "" ""
172.18.0.3 - - {AT} "HEAD /v2/web/manifests/v1?ns={HOST} HTTP/1.1" 200 528 "" "containerd/v2.4.2"
172.18.0.3 - - {AT} "GET /v2/web/manifests/{DIGEST}?ns={HOST} HTTP/1.1" 200 528 "" "containerd/v2.4.2"
172.18.0.3 - - {AT} "GET /v2/web/blobs/{DIGEST} HTTP/1.1" 200 99 "" "containerd/v2.4.2"
172.18.0.3 - - {AT} "HEAD /v2/a/deep/name/manifests/none HTTP/1.1" 404 99 "" "containerd/v2.4.2"
time="2026-11-24T15:00:00Z" level=warning msg="No HTTP secret provided"
"""
NO_SOCKET = DockerException("no socket")
LISTING = f"""REF TYPE DIGEST SIZE PLATFORMS LABELS
{HOST}/web:v1 application/x {DIGEST} 1.4 MiB linux/amd64 io.cri-containerd.image=managed
{HOST}/web@{DIGEST} application/x {DIGEST} 1.4 MiB linux/amd64 io.cri-containerd.image=managed
registry.k8s.io/pause:3.10.2 application/x sha256:{"b" * 64} 1.4 MiB linux/amd64 -
sha256:{"c" * 64} application/x {DIGEST} 1.4 MiB linux/amd64 io.cri-containerd.image=managed
"""


def test_only_requests_for_content_are_read():
    requests = list(read_requests(LOG))
    assert requests[0] == RegistryRequest("172.18.0.3", "HEAD", "web", "manifests", "v1", 200)
    assert [(request.method, request.kind) for request in requests] == [
        ("HEAD", "manifests"),
        ("GET", "manifests"),
        ("GET", "blobs"),
        ("HEAD", "manifests"),
    ]
    assert (requests[-1].repository, requests[-1].status) == ("a/deep/name", 404)


def test_request_counts_can_be_subtracted():
    requests = list(read_requests(LOG))
    assert RequestCounts.of(requests) - RequestCounts.of(requests[:1]) == RequestCounts(checks=1, manifests=1, blobs=1)


def test_request_counts_are_formatted_in_words():
    assert str(RequestCounts(checks=1, blobs=2)) == "1 check, 2 blobs"
    assert str(RequestCounts()) == "nothing"


def test_an_image_is_complete_and_its_digests_match_its_content():
    image = compose_image(b"\x7fELF", "one", "amd64")
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert image.digest == digest_of(image.manifest)
    assert manifest["config"]["digest"] == digest_of(image.config)
    assert manifest["layers"][0]["digest"] == config["rootfs"]["diff_ids"][0] == digest_of(image.layer)
    assert manifest["layers"][0]["size"] == len(image.layer)
    with tarfile.open(fileobj=io.BytesIO(image.layer)) as layer:
        program = layer.getmember(config["config"]["Entrypoint"][0].removeprefix("/"))
        assert program.mode & 0o111


def test_only_images_with_equal_words_share_content():
    one, again, other = (compose_image(b"\x7fELF", word, "amd64") for word in ("one", "one", "two"))
    assert one == again
    assert {one.config, one.layer}.isdisjoint({other.config, other.layer})


def test_a_file_is_read_from_an_archive_unchanged():
    assert only_file(archive({"pause": b"\x00\xff"})) == b"\x00\xff"


def test_all_names_of_a_registrys_images_are_found():
    assert images_of(LISTING, HOST) == (f"{HOST}/web:v1", f"{HOST}/web@{DIGEST}", f"sha256:{'c' * 64}")
    assert images_of(LISTING, "registry.another.test") == ()


def test_the_configuration_and_images_of_a_registry_are_removed_at_the_end():
    shell = RecordingNodeShell({"images list": LISTING})
    with registry_configured(shell, (WORKER,), HOST, "http://172.18.0.5:5000"):
        (written,) = shell.ran
        assert written[-2:] == (f"/etc/containerd/certs.d/{HOST}", "http://172.18.0.5:5000")
    assert shell.ran[-2][:4] == ("ctr", "--namespace=k8s.io", "images", "rm")
    assert f"{HOST}/web:v1" in shell.ran[-2]
    assert "registry.k8s.io/pause:3.10.2" not in shell.ran[-2]
    assert shell.ran[-1] == ("rm", "-rf", f"/etc/containerd/certs.d/{HOST}")


def test_the_node_image_configures_containerd_with_the_same_folder():
    config = tomllib.loads((RECIPES / "node/files/etc/containerd/config.toml").read_text())
    assert config["plugins"]["io.containerd.cri.v1.images"]["registry"]["config_path"] == HOSTS


def test_a_registry_that_the_engine_cannot_start_is_an_environment_error_and_is_removed():
    container = FakeContainer({}, start=DockerException("no socket"))
    with (
        pytest.raises(EngineUnavailable, match="no socket"),
        Registry(fake_cluster(), "kubeproof-fake", HOST, container.made),
    ):
        pass
    assert container.stopped
    assert container.ports == {"5000/tcp": ("127.0.0.1", None)}, "only this host reaches the published port"
    assert container.settings == {"network": "kubeproof-fake", "labels": labels_for("kubeproof-fake", keep=False)}


def registry_in(container):
    return Registry(fake_cluster(), "kubeproof-fake", HOST, container.made, JumpingClock())


@pytest.fixture
def port(tmp_path):
    """The port of a server that answers as a registry does."""
    with serving(FakeApiServer({"GET /v2/": {}}), tmp_path) as cluster:
        yield cluster.kubeconfig.read_text().partition("http://127.0.0.1:")[2].split()[0]


def test_a_registry_that_ends_at_once_is_an_environment_error_with_its_log():
    container = FakeRegistry(None, "exited", log=b"no such file: config.yml")
    with pytest.raises(WorldError, match=r"answering.* it is exited: no such file"), registry_in(container):
        pass
    assert container.stopped


def test_a_registry_that_never_answers_is_an_environment_error():
    with pytest.raises(WorldError, match="answering: not in time"), registry_in(FakeRegistry(None)):
        pass


def test_a_log_that_never_has_the_last_request_is_an_environment_error(port):
    with (
        registry_in(FakeRegistry(port, log=b"starting")) as registry,
        pytest.raises(WorldError, match=r"request /v2/\?mark=1 in the log of registry .*last seen: starting"),
    ):
        registry.requests("web")


def test_an_engine_that_does_not_answer_ends_the_wait_for_a_registry():
    with pytest.raises(EngineUnavailable, match="no socket"), registry_in(FakeRegistry(None, inspect=NO_SOCKET)):
        pass


@pytest.mark.parametrize(
    "act",
    [
        lambda registry: registry.push("web", "v1"),
        lambda registry: registry.corrupted(DIGEST, b"").__enter__(),
        lambda registry: registry.requests("web"),
        lambda registry: registry.stop(),
    ],
    ids=["push", "corrupted", "requests", "stop"],
)
@pytest.mark.parametrize("failure", [NO_SOCKET, NotFound("404", explanation="No such container: 1f2e")], ids=repr)
def test_an_error_of_the_engine_about_a_registry_is_an_environment_error(port, act, failure):
    container = FakeRegistry(port)
    with registry_in(container) as registry:
        container.failure = failure
        with pytest.raises(WorldError, match=r"no socket|No such container: 1f2e"):
            act(registry)
