import pytest
import yaml

from clusters.errors import CommandFailed
from harness.kube.client import Kube
from harness.plugin.bundle import BUNDLE_LIMIT, FILE_LIMIT, Bundle, bundle_name, collect_bundle
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.fakes.cluster.shell import RecordingNodeShell, TextShell

PODS = "GET /api/v1/namespaces/a/pods"
LOG = f"{PODS}/web-1/log"
POD = {
    "metadata": {"name": "web-1", "managedFields": [{"manager": "kubelet"}]},
    "spec": {"containers": [{"name": "server"}], "initContainers": [{"name": "before"}]},
    "status": {"initContainerStatuses": [{"name": "before", "restartCount": 2}]},
}
RULES = TextShell({"nft list table ip kube-proxy": "table ip kube-proxy {}", "conntrack -L": "tcp 6 1 ESTABLISHED"})


class BrokenShell:
    def run(self, node, *argv):
        raise CommandFailed(argv, 127, "", f"{argv[0]}: not found")


@pytest.fixture
def bundle_of(tmp_path):
    """Return a function that collects a bundle, given the responses of the API server, proxies and nodes."""

    def collect(answers, shell=RULES, nodes=None):
        with serving(FakeApiServer(answers), tmp_path) as cluster:
            nodes = nodes or RecordingNodeShell({"journalctl": "kubelet started"})
            collect_bundle(Kube(cluster), shell, "a", tmp_path / "bundle", "it broke", nodes=nodes)
        return {path.name: path.read_text() for path in (tmp_path / "bundle").iterdir()}

    return collect


def test_a_bundle_contains_the_failure_objects_logs_and_node_state(bundle_of):
    files = bundle_of({PODS: {"items": [POD]}, LOG: "served\n"})
    assert files["failure.txt"] == "it broke"
    assert files["log-web-1-server.txt"] == "served\n"
    assert files["log-web-1-before-previous.txt"] == "served\n"
    assert "log-web-1-server-previous.txt" not in files, "container server was never restarted"
    assert files["node-nft.txt"] == "table ip kube-proxy {}"
    assert files["node-conntrack.txt"] == "tcp 6 1 ESTABLISHED"
    assert files["node-journal.txt"] == "kubelet started"


def test_managed_fields_are_left_out(bundle_of):
    files = bundle_of({PODS: {"items": [POD]}})
    assert yaml.safe_load(files["pods.yaml"])["items"][0]["metadata"] == {"name": "web-1"}


def test_secrets_are_not_collected(bundle_of):
    assert not [name for name in bundle_of({}) if "secret" in name]


def test_an_unavailable_part_states_the_reason(bundle_of):
    files = bundle_of({}, shell=BrokenShell(), nodes=BrokenShell())
    assert files["pods.yaml"].startswith("could not be read: (404)")
    assert "journalctl: not found" in files["node-journal.txt"]
    assert "nft: not found" in files["node-nft.txt"]
    assert files["failure.txt"] == "it broke"


def test_a_case_without_a_data_plane_reader_has_a_bundle(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        collect_bundle(Kube(cluster), None, "a", tmp_path / "bundle", "it broke")
    assert "node-nft.txt" not in [path.name for path in (tmp_path / "bundle").iterdir()]


def test_a_long_part_is_truncated_with_a_note(tmp_path):
    Bundle(tmp_path).add("log.txt", lambda: "x" * (FILE_LIMIT + 1))
    text = (tmp_path / "log.txt").read_text()
    assert text.startswith("x" * FILE_LIMIT + "\n")
    assert text.endswith(f"truncated here: {FILE_LIMIT + 1} bytes in total\n")


def test_limits_are_in_bytes_and_split_no_character(tmp_path):
    Bundle(tmp_path).add("log.txt", lambda: "ä" * FILE_LIMIT)
    assert (tmp_path / "log.txt").stat().st_size < FILE_LIMIT + 100
    assert "�" not in (tmp_path / "log.txt").read_text()


def test_a_bundle_stops_at_its_limit(tmp_path):
    bundle = Bundle(tmp_path)
    for number in range(BUNDLE_LIMIT // FILE_LIMIT + 1):
        bundle.add(f"{number}.txt", lambda: "x" * FILE_LIMIT)
    assert (tmp_path / "16.txt").read_text() == f"\n... truncated here: {FILE_LIMIT} bytes in total\n"


def test_a_bundle_is_named_after_its_case():
    assert bundle_name("suites/a/test_a.py::test_one[ipvs-1]") == "test_one[ipvs-1]"


@pytest.mark.parametrize(
    "name", ["test[a/../b]", "test[\x00]", "test[\ud800]", "test[\u202e]", "test[" + "x" * 10_000, "..", "", "test[é]"]
)
def test_any_case_name_gives_a_unique_folder_name(tmp_path, name):
    folder_name = bundle_name(f"suites/a/test_a.py::{name}")
    folder = tmp_path / folder_name
    folder.mkdir()
    assert folder.parent.resolve() == tmp_path.resolve()
    assert folder_name != bundle_name(f"suites/a/test_a.py::{name}x")
