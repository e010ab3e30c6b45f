"""Tests of the engine's properties, with outputs of `docker info`."""

import json

import pytest

from clusters.errors import CommandFailed
from clusters.host.engineinfo import read_engine_info
from tests.fakes.host.commands import ScriptedCommands
from tests.fakes.host.engine import DOCKER_INFO


def read(**changed):
    return read_engine_info(ScriptedCommands({"docker info": json.dumps({**DOCKER_INFO, **changed})}), timeout_s=1)


def test_the_properties_are_read():
    info = read()
    assert (info.version, info.cgroup_version, info.root_dir, info.rootless) == (
        "28.2.2",
        "2",
        "/var/lib/docker",
        False,
    )


def test_a_rootless_engine_is_recognised_by_its_security_options():
    assert read(SecurityOptions=["name=seccomp,profile=builtin", "name=rootless"]).rootless


def test_a_client_that_reaches_no_server_is_an_error_of_one_line():
    with pytest.raises(CommandFailed, match=r"`docker info .*ended with 1: no daemon; no socket$") as caught:
        read(ServerErrors=["no daemon", "no socket"])
    assert "\n" not in str(caught.value)
