import pytest

from clusters.errors import UsageError
from harness.kube.kinds import path_of
from harness.kube.objects.manifests import read_manifests

POD = """
apiVersion: v1
kind: Pod
metadata: {name: $name}
spec: {containers: [{name: main, image: $agnhost, command: [sh, -c, 'exit $$CODE']}]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: $name}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pod.yaml"
    path.write_text(POD)
    return path


def test_placeholders_are_replaced_and_documents_are_separated(file):
    pod, priority = read_manifests(file, {"name": "web", "agnhost": "agnhost:1"})
    assert pod["metadata"] == {"name": "web"}
    assert pod["spec"]["containers"][0]["image"] == "agnhost:1"
    assert pod["spec"]["containers"][0]["command"][-1] == "exit $CODE"
    assert priority["kind"] == "PriorityClass"


def test_a_placeholder_without_a_value_is_named_with_the_file(file):
    with pytest.raises(UsageError, match=r"pod\.yaml: no value for \$agnhost; there are: name"):
        read_manifests(file, {"name": "web"})


def test_an_invalid_yaml_file_is_named(tmp_path):
    path = tmp_path / "torn.yaml"
    path.write_text("kind: [Pod")
    with pytest.raises(UsageError, match=r"torn\.yaml"):
        read_manifests(path, {})


def test_paths_are_derived_from_group_kind_and_namespace(file):
    pod, priority = read_manifests(file, {"name": "web", "agnhost": "agnhost:1"})
    assert path_of("case", pod) == "/api/v1/namespaces/case/pods/web"
    assert path_of("case", priority) == "/apis/scheduling.k8s.io/v1/priorityclasses/web"
