"""Which program this is: the name it is called by says it.

director serve        the container's main program
director ready        for the readiness probe
director run ARGV     a command in the guest
guest-init            the guest's first process
ipvsadm, ipset ...    the same as `director run ipvsadm ...`
"""

from __future__ import annotations

import posixpath
import sys

USAGE = "usage: director serve | ready | run PROGRAM [ARGUMENT ...]\n"
USAGE_ERROR = 2

# Imports stand where they are needed: a probe once a second should not load what `serve` needs, and the
# guest, where everything takes longer, nothing that it does not use.


def main(argv: list[str]) -> int:
    """The exit code of whatever `argv` means."""
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
