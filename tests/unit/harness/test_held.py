"""The program that holds connections, run here, against an API server of our own in place of a backend."""

import json
import subprocess
import sys

import pytest

from clusters.errors import WorldError
from harness.held import PROGRAM, read_held
from harness.kube.client import ExecResult
from tests.fakes.apiserver import FakeApiServer, serving
from tests.unit.harness.test_requests import LOOPBACK, port_of


def hold(directory, port, count):
    wish = {"host": LOOPBACK, "port": port, "count": count, "spacing_s": 0.01, "limit_s": 30}
    paths = {"open": str(directory / "open"), "enough": str(directory / "enough")}
    (directory / "enough").touch()
    argv = (sys.executable, "-c", PROGRAM, json.dumps({**wish, **paths}))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    return read_held(ExecResult(done.stdout, done.stderr, done.returncode), "of this test")


def test_each_held_connection_is_asked_from_first_to_last(tmp_path):
    api = FakeApiServer({"GET /hostname": "web-1"})
    with serving(api, tmp_path) as cluster:
        held = hold(tmp_path, port_of(cluster), 2)
    assert [(one.body, one.answers, one.error) for one in held] == [("web-1", 2, "")] * 2
    assert (tmp_path / "open").exists()


def test_what_cannot_be_opened_is_told_and_not_tried_again(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        port = port_of(cluster)
    (one,) = hold(tmp_path, port, 1)
    assert (one.answers, one.error.partition(":")[0]) == (0, "ConnectionRefusedError")


def test_a_holder_that_fails_itself_says_nothing_about_kubernetes():
    with pytest.raises(WorldError, match="client a/b ended with 137: killed"):
        read_held(ExecResult("", "killed", 137), "a/b")
