"""The entry point: chooses the command by the name of the program file and its arguments.

director serve        run the container's main program
director ready        run the readiness probe
director run ARGV     run a command in the guest
guest-init            run as the guest's first process
ipvsadm, ipset ...    same as `director run ipvsadm ...`
"""

from __future__ import annotations

import posixpath
import sys

USAGE = "usage: director serve | ready | run PROGRAM [ARGUMENT ...]\n"
USAGE_ERROR = 2

# Imports are inside the functions because they take time: the probe runs once a second and does not need the imports
# of `serve`, and in the guest everything is slower.


def main(argv: list[str]) -> int:
    """Run the command that `argv` names, and return its exit code."""
    name, arguments = posixpath.basename(argv[0]), argv[1:]
    if name == "guest-init":
        from director.guest.init import main as guest

        guest()
        return 0
    if name != "director":
        return _run((name, *arguments))
    match arguments:
        case ["serve"]:
            from director.serve import main as serve

            return serve()
        case ["ready"]:
            from director.client import ready

            return ready()
        case ["run", _, *_]:
            return _run(tuple(arguments[1:]))
        case _:
            sys.stderr.write(USAGE)
            return USAGE_ERROR


def _run(argv: tuple[str, ...]) -> int:
    from director.client import run

    return run(argv)
