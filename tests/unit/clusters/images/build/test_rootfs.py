"""Tests that root file systems come from the host's own Debian mirrors, whatever the host's own release is."""

from pathlib import Path

import pytest

from clusters.images.build.rootfs import bootstrap
from tests.fakes.host.commands import ScriptedCommands, failing

DEBIAN = """\
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
"""


def mirrors_for(suite, tmp_path, os_release):
    """Return the sources that mmdebstrap gets when it is called for `suite`."""
    (tmp_path / "debian.sources").write_text(DEBIAN)
    (tmp_path / "os-release").write_text(os_release)
    archive, read = tmp_path / "root.tar", []

    def mmdebstrap(argv):
        mirrors = argv[argv.index(str(archive)) + 1 :]
        read.extend(named if named.startswith("deb ") else Path(named).read_text() for named in mirrors)
        return ""

    commands = ScriptedCommands({"mmdebstrap": mmdebstrap})
    bootstrap(commands, suite, ("ipset",), archive, (tmp_path / "debian.sources",), tmp_path / "os-release")
    return read


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_debian_hosts_mirrors_are_used_with_the_suite_of_the_image(suite, tmp_path):
    host = "ID=debian\nVERSION_CODENAME=bookworm\n"
    assert mirrors_for(suite, tmp_path, host) == [DEBIAN.replace("bookworm", suite)]


def test_backports_are_added_to_their_release_from_the_same_mirror(tmp_path):
    host = "ID=debian\nVERSION_CODENAME=bookworm\n"
    assert mirrors_for("trixie-backports", tmp_path, host) == [
        DEBIAN.replace("bookworm", "trixie"),
        "deb http://mirror.example/debian trixie-backports main",
    ]


def test_backports_are_added_to_mmdebstraps_default_mirrors_on_another_distribution(tmp_path):
    commands = ScriptedCommands({"mmdebstrap": ""})
    bootstrap(commands, "trixie-backports", ("make",), tmp_path / "root.tar", (tmp_path / "absent",))
    (hook,) = [argument for argument in commands.asked[-1] if argument.startswith("--setup-hook")]
    assert "s/ trixie main$/ trixie-backports main/p" in hook


def test_another_distributions_mirrors_are_not_used(tmp_path):
    assert mirrors_for("bookworm", tmp_path, "ID=ubuntu\nVERSION_CODENAME=noble\n") == []


def test_mmdebstrap_uses_its_default_mirrors_if_the_host_has_no_sources(tmp_path):
    commands = ScriptedCommands({"mmdebstrap": ""})
    bootstrap(commands, "bookworm", ("ipset",), tmp_path / "root.tar", (tmp_path / "absent",))
    assert commands.asked[-1][-1] == str(tmp_path / "root.tar")


def test_mmdebstrap_runs_in_its_own_mount_namespace(tmp_path):
    """If it is killed, it does not unmount what it has mounted."""
    commands = ScriptedCommands({"unshare --mount": ""})
    bootstrap(commands, "bookworm", ("ipset",), tmp_path / "root.tar", (tmp_path / "absent",))
    assert commands.asked[-1][:4] == ("unshare", "--mount", "--", "mmdebstrap")


def test_mmdebstrap_runs_without_a_mount_namespace_if_that_is_not_permitted(tmp_path):
    refused = failing("unshare --mount -- true", "unshare: unshare failed: Operation not permitted")
    commands = ScriptedCommands({"unshare": refused, "mmdebstrap": ""})
    bootstrap(commands, "bookworm", ("ipset",), tmp_path / "root.tar", (tmp_path / "absent",))
    assert commands.asked[-1][0] == "mmdebstrap"
