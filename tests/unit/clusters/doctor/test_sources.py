"""Tests of the checks of the sources of images, and of the modes that each Kubernetes version supports."""

import sys
from dataclasses import replace

import pytest

from clusters.doctor import Question, Verdict, choose_source, examine
from clusters.doctor.checks.sources import REGISTRIES
from clusters.doctor.choose import source_for
from clusters.doctor.facts import Facts
from clusters.errors import UsageError
from clusters.images.lock import read_lock
from clusters.images.recipes import stock_book
from clusters.spec import Mode, Source
from tests.fakes.host.commands import failing
from tests.fakes.host.host import WITHOUT_SYS_RESOURCE, FakeHost

BUILT = {"source": Source.BUILT}
LOCKED = read_lock()
UNLOCKED = replace(LOCKED, agnhost_image="")


def check(host, name, **question):
    return next(check for check in examine(Question(**question), host).checks if check.name == name)


def test_source_is_registry_if_registries_respond():
    host = FakeHost()
    assert source_for(Facts(host, Question(), LOCKED)) == (Source.REGISTRY, "container registries respond")
    assert host.questions == list(REGISTRIES)


def test_source_is_built_if_a_registry_does_not_respond():
    source, why = source_for(Facts(FakeHost(silent=["registry.k8s.io"]), Question(), LOCKED))
    assert (source, why) == (Source.BUILT, "registry.k8s.io does not respond (timed out)")


def test_source_is_built_if_stock_nodes_cannot_run():
    source, why = choose_source(FakeHost(bounding=WITHOUT_SYS_RESOURCE))
    assert source is Source.BUILT
    assert "CAP_SYS_RESOURCE" in why


def test_registries_are_not_contacted_if_the_lock_file_lacks_an_image():
    host = FakeHost()
    source, why = source_for(Facts(host, Question(), UNLOCKED))
    assert (source, host.questions) == (Source.BUILT, [])
    assert "names no agnhost image" in why


def test_no_registry_is_needed_if_the_engine_has_the_images():
    host = FakeHost(script={"docker image inspect": "sha256:0123456789ab"}, silent=["registry"])
    assert source_for(Facts(host, Question(), LOCKED))[0] is Source.REGISTRY


def test_a_registry_is_needed_if_the_stock_node_with_tools_is_not_built():
    """The tools are added to kind's node image, for nodes of every mode."""
    release = LOCKED.release(None)
    absent = failing("docker image inspect", "No such image")
    there = "docker image inspect --format={{.Id}}"
    tag = stock_book(LOCKED, release).ipvs_node.tag
    host = FakeHost(
        script={"docker image inspect": "sha256:0123456789ab", f"{there} {tag}": absent}, silent=["registry"]
    )
    assert choose_source(host)[0] is Source.BUILT


def test_a_package_registry_that_does_not_respond_is_named_without_its_password():
    found = check(FakeHost(silent=["goproxy.example"]), "package registries", **BUILT)
    assert found.verdict is Verdict.UNFIT
    assert found.seen == "goproxy.example does not respond (timed out)"


def test_the_mirror_that_mmdebstrap_will_use_is_contacted():
    host = FakeHost()
    examine(Question(**BUILT), host)
    assert "http://mirror.example/debian/dists/bookworm/InRelease" in host.questions


def test_the_mirrors_of_another_distribution_are_not_contacted():
    host = FakeHost(files={"/etc/os-release": "ID=ubuntu\nVERSION_CODENAME=noble\n"})
    examine(Question(**BUILT), host)
    assert not any("mirror.example" in url for url in host.questions)


def test_nothing_else_is_required_if_all_images_are_built():
    host = FakeHost(
        script={"docker image inspect": "sha256:0123456789ab"}, without=["go", "mmdebstrap"], silent=["example"]
    )
    report = examine(Question(**BUILT), host)
    assert report.fit
    assert "images of source built" in {check.name for check in report.checks}


@pytest.mark.parametrize(
    ("version", "toolchain", "verdict"),
    [
        ("go1.26.8", "local", Verdict.OK),
        ("go1.24.1", "auto", Verdict.OK),
        ("go1.24.1", "local", Verdict.UNFIT),
        ("go1.19.8", "auto", Verdict.UNFIT),
    ],
)
def test_go_must_be_new_enough_or_able_to_download_a_newer_toolchain(version, toolchain, verdict):
    script = {"go version": f"go version {version} linux/amd64", "go env": f'{{"GOTOOLCHAIN": "{toolchain}"}}'}
    assert check(FakeHost(script=script), "Go toolchain", **BUILT).verdict is verdict


def test_source_built_needs_mmdebstrap_and_pip():
    host = FakeHost(without=["mmdebstrap"])
    assert check(host, "mmdebstrap", **BUILT).verdict is Verdict.UNFIT
    no_pip = FakeHost(script={f"{sys.executable} -m pip": failing("python -m pip", "No module named pip")})
    assert check(no_pip, "pip", **BUILT).verdict is Verdict.UNFIT


def test_kind_must_be_installed_or_buildable():
    assert check(FakeHost(), "kind").seen.startswith("kind v0.33.0")
    assert check(FakeHost(without=["kind"]), "kind").verdict is Verdict.OK
    assert check(FakeHost(without=["kind", "go"]), "kind").verdict is Verdict.UNFIT


@pytest.mark.parametrize("version", ["kind v0.31.0 go1.25.5 linux/amd64", "kind v0.26.0 go1.23.4 linux/amd64"])
def test_an_installed_kind_that_does_not_fit_is_replaced_by_a_built_one(version):
    script = {"kind version": version}
    replaced = check(FakeHost(script=script), "kind", kubernetes="1.37.2")
    assert replaced.verdict is Verdict.OK
    assert "the installed one cannot be used" in replaced.seen
    missing = check(FakeHost(script=script, without=["go"]), "kind", kubernetes="1.37.2")
    assert missing.verdict is Verdict.UNFIT
    assert missing.remedy == "install kind 0.32.0 or later, or a Go toolchain"


def test_the_installed_kind_must_fit_the_requested_kubernetes():
    host = FakeHost(script={"kind version": "kind v0.31.0 go1.25.5 linux/amd64"}, without=["go"])
    assert check(host, "kind", kubernetes="1.35.4").verdict is Verdict.OK
    unfit = check(host, "kind", kubernetes="1.37.2")
    assert "writes kubeadm.k8s.io/v1beta3, and kubeadm 1.37 reads v1beta4" in unfit.seen


@pytest.mark.parametrize(
    ("mode", "kubernetes", "verdict"),
    [
        (Mode.IPVS, "1.34.0", Verdict.OK),
        (Mode.IPVS, "1.35.4", Verdict.WARNING),
        (Mode.IPVS, "1.39.9", Verdict.WARNING),
        (Mode.IPVS, "1.40.0", Verdict.UNFIT),
        (Mode.IPVS, "1.43", Verdict.UNFIT),
        (Mode.NFTABLES, "1.28.3", Verdict.UNFIT),
        (Mode.NFTABLES, "1.29.0", Verdict.UNFIT),
        (Mode.NFTABLES, "v1.31.0", Verdict.WARNING),
        (Mode.NFTABLES, "1.33.0", Verdict.OK),
    ],
)
def test_the_verdict_on_a_mode_depends_on_the_kubernetes_version(mode, kubernetes, verdict):
    minor = ".".join(kubernetes.removeprefix("v").split(".")[:2])
    found = check(FakeHost(), f"{mode} in Kubernetes {minor}", modes=(mode,), kubernetes=kubernetes)
    assert found.verdict is verdict


def test_the_feature_gate_of_ipvs_is_named_from_1_37_on():
    assert "KubeProxyIPVS" in check(FakeHost(), "ipvs in Kubernetes 1.37", kubernetes="1.37.2").seen
    assert "KubeProxyIPVS" not in check(FakeHost(), "ipvs in Kubernetes 1.35", kubernetes="1.35.4").seen


def test_the_remedy_for_an_unknown_version_lists_the_versions_of_the_lock_file():
    found = check(FakeHost(), "Kubernetes version", kubernetes="1.36.0")
    assert found.verdict is Verdict.UNFIT
    assert all(release.version in found.remedy for release in read_lock().releases)


@pytest.mark.parametrize(("source", "runs"), [(Source.REGISTRY, "1.37.0"), (Source.BUILT, "1.37.2")])
def test_the_report_names_the_version_that_would_run(source, runs):
    report = examine(Question(source=source, kubernetes="1.37.2"), FakeHost())
    assert report.kubernetes == runs


def test_both_versions_are_named_if_the_sources_have_different_patch_releases():
    assert check(FakeHost(), "Kubernetes version").seen == "1.37.2 by source built, 1.37.0 by source registry"


def test_an_invalid_version_is_a_usage_error():
    with pytest.raises(UsageError, match="is not a Kubernetes version"):
        examine(Question(kubernetes="latest"), FakeHost())
