#!/usr/bin/python3 -IS
"""A wrapper of runc for hosts without CAP_SYS_RESOURCE.

The bounding set of such a host lacks the capability. A container that requests it cannot start, nor can one that
requests an OOM score below its parent's (capabilities(7), proc(5)). The engine requests both for a privileged
container. This program removes both from the container's configuration (OCI runtime specification,
`process.capabilities` and `process.oomScoreAdj`) and then executes runc. The engine starts it in place of runc if
./setup.sh found the capability missing.
"""

import json
import os
import sys
from pathlib import Path

RUNC = "/usr/sbin/runc"
MISSING = "CAP_SYS_RESOURCE"


def main(arguments: list[str]) -> None:
    """Adapt the configuration that `create`, `run` or `exec` will read, then execute runc."""
    configuration = configuration_of(arguments)
    if configuration is not None:
        adapt(configuration)
    os.execv(RUNC, ["runc", *arguments])


def configuration_of(arguments: list[str]) -> Path | None:
    """Return the configuration file that runc will read, or None for a command that starts no process."""
    if "create" in arguments or "run" in arguments:
        return Path(value_of(arguments, "--bundle", "-b") or ".") / "config.json"
    if "exec" in arguments:
        process = value_of(arguments, "--process", "-p")
        return Path(process) if process else None
    return None


def value_of(arguments: list[str], *names: str) -> str | None:
    """Return the value of an option given as `--name value` or `--name=value`, or None if it is not given."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else arguments[position + 1]
    return None


def adapt(configuration: Path) -> None:
    """Rewrite the file without the capability and without a negative OOM score."""
    document = json.loads(configuration.read_text())
    process = document.get("process", document)
    for capabilities in (process.get("capabilities") or {}).values():
        if MISSING in (capabilities or ()):
            capabilities.remove(MISSING)
    if (process.get("oomScoreAdj") or 0) < 0:
        process["oomScoreAdj"] = 0
    configuration.write_text(json.dumps(document))


if __name__ == "__main__":
    main(sys.argv[1:])
