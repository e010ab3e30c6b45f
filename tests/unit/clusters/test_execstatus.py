"""Tests of the status that ends an exec, with Status objects of an API server."""

import json

import pytest

from clusters.execstatus import UNKNOWN, ExecStatus

FAILED = {
    "status": "Failure",
    "reason": "NonZeroExitCode",
    "message": "command terminated with non-zero exit code",
    "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
}
NEVER_RAN = {"status": "Failure", "reason": "InternalError", "message": "no such container", "details": {}}

UNREADABLE = (
    "garbage",
    "null",
    json.dumps({"status": "Failure", "details": {"causes": [{"reason": "ExitCode"}]}}),
    json.dumps({"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "three"}]}}),
)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (json.dumps({"status": "Success"}), ExecStatus(0, "")),
        (json.dumps(FAILED), ExecStatus(3, "command terminated with non-zero exit code")),
        (json.dumps(NEVER_RAN), ExecStatus(UNKNOWN, "no such container")),
        (
            json.dumps({"status": "Failure", "details": None}),
            ExecStatus(UNKNOWN, '{"status": "Failure", "details": null}'),
        ),
        *((text, ExecStatus(UNKNOWN, f"the status is unreadable: {text}")) for text in UNREADABLE),
        ("x" * 300, ExecStatus(UNKNOWN, f"the status is unreadable: {'x' * 200}")),
        ("", ExecStatus(UNKNOWN, "the connection ended without a status")),
    ],
)
def test_the_exit_code_and_the_message_are_read(text, status):
    assert ExecStatus.parse(text) == status
