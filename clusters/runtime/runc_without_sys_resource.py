#!/usr/bin/python3 -IS
"""runc, asked for what a host without CAP_SYS_RESOURCE can give.

Such a host's bounding set lacks the capability, so a container that asks for it cannot start, nor one
that asks for an OOM score below its parent's (capabilities(7), proc(5)). The engine asks for both when a
container is privileged. This program stands in runc's place, takes both wishes out of the container's
configuration (OCI runtime specification, `process.capabilities` and `process.oomScoreAdj`), and becomes
runc. Started by the engine only, where ./setup.sh found the capability missing.
"""

import json
import os
import sys
from pathlib import Path

RUNC = "/usr/sbin/runc"
MISSING = "CAP_SYS_RESOURCE"


def main(arguments: list[str]) -> None:
    """Adapt the configuration that `create`, `run` or `exec` would read, then become runc."""
    configuration = configuration_of(arguments)
    if configuration is not None:
        adapt(configuration)
    os.execv(RUNC, ["runc", *arguments])


def configuration_of(arguments: list[str]) -> Path | None:
    """The file that runc would read, or None for commands that start no process."""
    if "create" in arguments or "run" in arguments:
        return Path(value_of(arguments, "--bundle", "-b") or ".") / "config.json"
    if "exec" in arguments:
        process = value_of(arguments, "--process", "-p")
        return Path(process) if process else None
    return None


def value_of(arguments: list[str], *names: str) -> str | None:
    """The value of an option given as `--name value` or `--name=value`."""
    for position, argument in enumerate(arguments):
        name, given, value = argument.partition("=")
        if name in names:
            return value if given else arguments[position + 1]
    return None


def adapt(configuration: Path) -> None:
    """Rewrite the file with neither the capability nor a negative OOM score."""
    document = json.loads(configuration.read_text())
    process = document.get("process", document)
    for kept in (process.get("capabilities") or {}).values():
        if MISSING in (kept or ()):
            kept.remove(MISSING)
    if (process.get("oomScoreAdj") or 0) < 0:
        process["oomScoreAdj"] = 0
    configuration.write_text(json.dumps(document))


if __name__ == "__main__":
    main(sys.argv[1:])
