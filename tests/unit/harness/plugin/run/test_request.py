"""Options of a run are validated before anything is done: each error names the option, its value and what is allowed."""

import pytest

from clusters.errors import UsageError
from clusters.images.lock import read_lock
from clusters.spec import Mode, Source, Substrate
from harness.plugin.run.request import NO_IMAGES, read_request, read_seed

KUBECONFIG = """\
contexts:
- {name: staging, context: {cluster: c, user: u}}
"""
CLUSTER_OPTIONS = [
    "--image-source=built",
    "--substrate=host",
    "--kubernetes=1.37.2",
    "--cluster-workers=3",
    "--keep-cluster",
    "--reuse-cluster",
]
"""Options for creating a cluster."""


@pytest.fixture
def asked(pytester):
    """Return a function that parses the options of a run, in a directory with one file of cases."""
    pytester.makepyfile(test_one="def test_one(cluster): pass")

    def config(*options):
        return pytester.parseconfig("-p", "no:locust", *options)

    return config


def refusal(config):
    with pytest.raises(UsageError) as refused:
        read_request(config)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_options_become_a_request(asked):
    options = (
        "--proxy-mode=ipvs",
        "--cluster-workers=3",
        "--substrate=uml",
        "--image-source=built",
        "test_one.py::test_one[a::b]",
    )
    request = read_request(asked(*options))
    assert (request.mode, request.source, request.substrate) == (Mode.IPVS, Source.BUILT, Substrate.UML)
    assert request.workers == 3
    assert read_request(asked()) is None


def test_every_release_of_the_lock_file_can_be_requested(asked):
    for release in read_lock().releases:
        assert read_request(asked("--proxy-mode=ipvs", f"--kubernetes={release.version}")).kubernetes == release.version


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--proxy-mode=ebpf", f"--proxy-mode=ebpf is unknown (there are: {', '.join(Mode)})"),
        ("--proxy-mode=", "--proxy-mode='' is unknown"),
        ("--proxy-mode=\x1b[31mipvs", r"--proxy-mode='\x1b[31mipvs' is unknown"),
        ("--image-source=pulled", "--image-source=pulled is unknown (there are: registry, built)"),
        ("--substrate=vm", "--substrate=vm is unknown (there are: host, uml)"),
        ("--cluster-workers=0", "--cluster-workers=0 is not allowed (it takes a whole number from 1 to 100)"),
        ("--cluster-workers=-1", "--cluster-workers=-1 is not allowed"),
        ("--cluster-workers=two", "--cluster-workers=two is not allowed"),
        ("--cluster-workers=101", "--cluster-workers=101 is not allowed"),
        ("--cluster-workers=", "--cluster-workers='' is not allowed"),
        ("--most-services=0", "--most-services=0 is not allowed (it takes a whole number from 10 to 30000)"),
        ("--most-services=30001", "--most-services=30001 is not allowed"),
        ("--most-services=1e3", "--most-services=1e3 is not allowed"),
        ("--step-seconds=19", "--step-seconds=19 is not allowed (it takes a whole number from 20 to 3600)"),
        ("--run-seed=-1", "--run-seed=-1 is not allowed (it takes a whole number from 0 to 4294967295)"),
        ("--run-seed=4294967296", "--run-seed=4294967296 is not allowed"),
        ("--run-seed=nan", "--run-seed=nan is not allowed"),
        ("--count=0", "--count=0 is not allowed (it takes a whole number from 1 to 10000)"),
        ("--count=-2", "--count=-2 is not allowed"),
        ("--kubernetes=1.2.3", "--kubernetes=1.2.3: Kubernetes 1.2.3 is not in the lock file (there are: 1.37.2"),
        ("--kubernetes=newest", "--kubernetes=newest: Kubernetes newest is not in the lock file"),
        ("--kubernetes=", "--kubernetes='': Kubernetes  is not in the lock file"),
        ("--kubeconfig=x", "an existing cluster is named by both --kubeconfig and --context"),
        ("--context=x", "an existing cluster is named by both --kubeconfig and --context"),
        ("test_none.py", "there is no file or folder 'test_none.py'"),
        ("test_none.py::test_one", "there is no file or folder 'test_none.py'"),
        ("test_one.py::test_two", "there is no case 'test_two' in test_one.py"),
        ("test_one.py::Class::test_two[a]", "there is no case 'Class::test_two' in test_one.py"),
        (".::test_one", "there is no case 'test_one' in ."),
        ("-k=one or", "-k 'one or' is not a valid expression: expected not OR left parenthesis OR identifier"),
        ("-m=a b\x1b", r"-m 'a b\x1b' is not a valid expression: "),
    ],
)
def test_an_invalid_option_is_refused(asked, option, message):
    mode = () if option.startswith("--proxy-mode") else ("--proxy-mode=nftables",)
    assert refusal(asked(*mode, option)).startswith(message)


CASES = """
from elsewhere import test_imported

LIMIT = 3

def test_one(cluster): "test_quoted"

class TestGroup:
    async def test_method(self, cluster): pass
"""


@pytest.fixture
def asked_for_case(asked, pytester):
    """Return a function that requests one case of a file."""
    pytester.makepyfile(test_some=CASES)
    return lambda case: asked("--proxy-mode=nftables", f"test_some.py::{case}")


@pytest.mark.parametrize(
    "case", ["test_one", "test_one[a::b]", "test_imported", "TestGroup", "TestGroup::test_method[1]"]
)
def test_a_case_in_the_file_can_be_requested(asked_for_case, case):
    assert read_request(asked_for_case(case))


@pytest.mark.parametrize("case", ["cluster", "LIMIT", "elsewhere", "test_quoted", "pass", "test", "TestGroup::helper"])
def test_a_name_that_is_not_a_case_is_refused(asked_for_case, case):
    assert refusal(asked_for_case(case)) == f"there is no case {case!r} in test_some.py"


def test_a_file_that_is_not_python_is_refused(asked, pytester):
    pytester.makepyfile(test_broken="def test_one(:")
    message = refusal(asked("--proxy-mode=ipvs", "test_broken.py::test_one"))
    assert message.startswith("test_broken.py cannot be read as Python: ")


def test_numbers_are_validated_without_a_cluster(asked):
    assert refusal(asked("--cluster-workers=-1")).startswith("--cluster-workers=-1")


@pytest.mark.parametrize("option", [*CLUSTER_OPTIONS, "--allow-disruptive", "--load-image=load"])
def test_cluster_options_are_refused_without_a_cluster(asked, option):
    assert refusal(asked(option)) == (
        f"{option} applies to a cluster, and none was requested (give --proxy-mode, or --kubeconfig and --context)"
    )


def test_the_seed_is_validated_when_it_is_read_alone(asked):
    with pytest.raises(UsageError, match="--run-seed=x is not allowed"):
        read_seed(asked("--run-seed=x"))
    assert read_seed(asked("--run-seed=0")) == 0


def test_nftables_on_user_mode_linux_is_refused_with_debians_kernel(asked):
    nftables = ("--proxy-mode=nftables", "--substrate=uml")
    message = refusal(asked(*nftables, "--image-source=registry"))
    assert "nftables does not run on substrate uml with source registry" in message
    for source in ("built", "auto"):
        assert read_request(asked(*nftables, f"--image-source={source}"))
    assert read_request(asked("--proxy-mode=iptables", "--substrate=uml", "--image-source=registry"))


@pytest.fixture
def existing(asked, tmp_path):
    """Return a function that requests the existing cluster of a kubeconfig with this content."""

    def config(content, *options, context="staging"):
        file = tmp_path / "kubeconfig"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return asked(f"--kubeconfig={file}", f"--context={context}", *options)

    return config


def test_an_existing_cluster_is_requested_by_kubeconfig_and_context(existing):
    assert read_request(existing(KUBECONFIG, "--allow-disruptive")).context == "staging"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "contains no mapping"),
        ("[]", "contains no mapping"),
        ("contexts: [", "cannot be read"),
        ("contexts: {a: b}", "its contexts are not a list of mappings"),
        ("contexts: 5", "its contexts are not a list of mappings"),
        ("contexts: [staging]", "its contexts are not a list of mappings"),
        ("contexts: []", "has no context 'staging' (it has no contexts)"),
        ("contexts: [{name: other}, {context: {}}]", "has no context 'staging' (there are: other)"),
        (b"\xff\xfe\xfd", "cannot be read"),
        ("a: \x1b", "cannot be read"),
        ("a: " + "[" * 5000, "cannot be read"),
        ("a: 2024-99-99", "cannot be read"),
    ],
)
def test_an_invalid_kubeconfig_is_refused(existing, content, message):
    assert message in refusal(existing(content))


def test_a_missing_kubeconfig_is_refused(asked, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path / "none", tmp_path, loop, "\x1b"):
        assert refusal(asked(f"--kubeconfig={path}", "--context=c")).startswith("there is no kubeconfig")


def test_an_unknown_context_is_refused_with_a_list_of_contexts(existing):
    assert "has no context 'x' (there are: staging)" in refusal(existing(KUBECONFIG, context="x"))


@pytest.mark.parametrize("option", CLUSTER_OPTIONS)
def test_options_for_creating_a_cluster_are_refused_for_an_existing_cluster(existing, option):
    assert refusal(existing(KUBECONFIG, option)).startswith(f"{option} applies to a kind cluster that the run creates")


def test_a_mode_together_with_an_existing_cluster_is_refused(existing):
    assert "give only one of them" in refusal(existing(KUBECONFIG, "--proxy-mode=ipvs"))


def test_images_are_accepted_for_an_existing_cluster(existing):
    images = ("--load-image=reg.example/load:1", "--tools-image=reg.example/tools:1")
    request = read_request(existing(KUBECONFIG, *images))
    assert request.images.given == {"load": "reg.example/load:1", "tools": "reg.example/tools:1"}
    assert read_request(existing(KUBECONFIG)).images == NO_IMAGES


def test_an_invalid_image_or_one_for_a_new_cluster_is_refused(asked, existing):
    assert "--tools-image=a b is not an image reference" in refusal(existing(KUBECONFIG, "--tools-image=a b"))
    config = asked("--proxy-mode=ipvs", "--load-image=a/b:1")
    assert "--load-image name images for an existing cluster" in refusal(config)
