"""The options and the command that name and push images for existing clusters."""

import pytest

from clusters.errors import WorldError
from harness.cli.main import main
from harness.cli.tools import Tools
from tests.fakes.host.host import FakeHost

KUBECONFIG = """\
contexts:
- {name: c, context: {cluster: c, user: u}}
"""


def run(capsys, *argv, push=lambda prefix, source, progress: {}, load=lambda *args: None):
    with pytest.raises(SystemExit) as ending:
        main(argv, Tools(FakeHost(), lambda progress, kept_too: (), load, push))
    output = capsys.readouterr()
    return ending.value.code or 0, output.out, output.err


def test_push_prints_the_options_for_the_pushed_images(capsys):
    calls = []

    def push(prefix, source, progress):
        calls.append((prefix, source))
        return {"load": "reg.example/x/load:1", "tools": "reg.example/x/tools:2"}

    code, out, _ = run(capsys, "images", "push", "reg.example/x", "--image-source", "built", push=push)
    assert (code, out) == (0, "--load-image=reg.example/x/load:1\n--tools-image=reg.example/x/tools:2\n")
    assert calls == [("reg.example/x", "built")]


def test_images_are_built_exported_and_imported_for_the_version_that_was_asked_for(tmp_path):
    calls, file = [], tmp_path / "images.tar"
    file.touch()
    tools = Tools(
        FakeHost(),
        build=lambda source, kubernetes, progress: calls.append(("build", source, kubernetes)),
        export=lambda file, kubernetes, progress: calls.append(("export", file, kubernetes)),
        import_=lambda file, kubernetes, progress: calls.append(("import", file, kubernetes)),
    )
    for argv in (
        ("build", "--image-source=built"),
        ("export", str(file), "--kubernetes=1.35.4"),
        ("import", str(file)),
    ):
        with pytest.raises(SystemExit) as ending:
            main(("images", *argv), tools)
        assert not ending.value.code
    assert calls == [("build", "built", None), ("export", file, "1.35.4"), ("import", file, None)]


def test_a_failed_push_is_reported_in_one_line(capsys):
    def push(prefix, source, progress):
        raise WorldError("image x could not be pushed: denied", remedy="docker login reg.example")

    code, out, err = run(capsys, "images", "push", "reg.example/x", push=push)
    assert (code, out, err) == (3, "", "kubeproof: image x could not be pushed: denied (docker login reg.example)\n")


def test_a_prefix_without_a_registry_is_refused_before_a_container_engine_is_used(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit) as ending:
        main(("images", "push", "kubeproof"), Tools(FakeHost()))
    assert ending.value.code == 2
    assert "'kubeproof' is not a registry with a path" in capsys.readouterr().err


def test_load_accepts_images_for_an_existing_cluster(capsys, tmp_path):
    calls, kubeconfig = [], tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    cluster = ("load", "--kubeconfig", str(kubeconfig), "--context", "c")
    code, _, _ = run(capsys, *cluster, "--load-image", "reg.example/load:1", load=lambda *args: calls.append(args))
    assert code == 0
    assert calls[0][0].images.given == {"load": "reg.example/load:1"}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--kubeconfig", "k", "--context", "c", "--load-image", "a b"), "--load-image=a b is not an image reference"),
        (("--mode", "ipvs", "--load-image", "a/b:1"), "--load-image name images for an existing cluster"),
    ],
)
def test_invalid_images_are_refused_before_anything_is_done(capsys, argv, message):
    code, _, err = run(capsys, "load", *argv)
    assert code == 2
    assert message in err
