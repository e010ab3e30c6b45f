"""What may be asked of the guest: the tools of a node's network, files of /proc and /sys, kube-proxy's own pages, to
have it stand still, its process, how many connections are tracked at most, and to run a program of one's own where it
touches nothing."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

TOOLS = {
    "ipvsadm": "/usr/sbin/ipvsadm",
    "ipset": "/usr/sbin/ipset",
    "conntrack": "/usr/sbin/conntrack",
    "iptables": "/usr/local/lib/kubeproof/legacy/iptables",
    "iptables-save": "/usr/local/lib/kubeproof/legacy/iptables-save",
    "ip6tables-save": "/usr/local/lib/kubeproof/legacy/ip6tables-save",
    "tc": "/usr/sbin/tc",
    "uname": "/usr/bin/uname",
}
"""By full path, because in the pod the plain names stand for the programs that ask the guest."""

OTHERS = ("cat", "curl", "pgrep", "pkill", "sysctl", "unshare")
"""What the agent does itself, or permits in one form only."""

READABLE = ("/proc/", "/sys/")

ENTRY_LIMIT = "net.netfilter.nf_conntrack_max"

PAGES = {
    "http://127.0.0.1:10249/proxyMode": (10249, "/proxyMode"),
    "http://127.0.0.1:10249/metrics": (10249, "/metrics"),
    "http://127.0.0.1:10249/configz": (10249, "/configz"),
    "http://127.0.0.1:10256/healthz": (10256, "/healthz"),
}

_CURL_FAIL = frozenset(("-f", "-sf", "-fs", "-fsS", "-sSf", "--fail"))
_CURL_FLAGS = frozenset(("-s", "-S", "-sS", "--silent", "--show-error", *_CURL_FAIL))
_CURL_VALUES = frozenset(("-m", "--max-time"))


class NotPermitted(Exception):
    """The guest does not do that."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program with its arguments."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Files to read, one after the other."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that kube-proxy serves on the guest's loopback; `fail` as in `curl --fail`."""

    port: int
    path: str
    fail: bool


@dataclass(frozen=True, slots=True)
class Halt:
    """Have kube-proxy stand still, or go on."""

    still: bool


@dataclass(frozen=True, slots=True)
class Aside:
    """A program that runs for long, in a network namespace of its own."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Processes:
    """The ids of kube-proxy's processes."""


@dataclass(frozen=True, slots=True)
class EntryLimit:
    """Have connection tracking take no more entries than these."""

    entries: int


Command = Program | Files | Page | Halt | Processes | EntryLimit | Aside


def permitted(argv: tuple[str, ...]) -> Command:
    """What `argv` means in the guest. Raises `NotPermitted`.

    `curl`, `pgrep`, `pkill` and `sysctl` are no programs there: the agent does itself what they would, which is
    quicker.
    """
    if not argv:
        raise NotPermitted("no program was named")
    name, *arguments = argv
    if name in TOOLS:
        return Program((TOOLS[name], *arguments))
    if name == "cat":
        return _files(arguments)
    if name == "curl":
        return _page(arguments)
    if name == "pgrep":
        return _processes(arguments)
    if name == "pkill":
        return _halt(arguments)
    if name == "sysctl":
        return _entry_limit(arguments)
    if name == "unshare":
        return _aside(arguments)
    raise NotPermitted(f"{name}: the guest runs only {', '.join(sorted((*TOOLS, *OTHERS)))}")


def _files(arguments: list[str]) -> Files:
    for path in arguments:
        if not path.startswith(READABLE) or posixpath.normpath(path) != path:
            raise NotPermitted(f"cat {path}: the guest shows only files of {' and '.join(READABLE)}")
    return Files(tuple(arguments))


def _page(arguments: list[str]) -> Page:
    rest = iter(arguments)
    urls = []
    for argument in rest:
        if argument in _CURL_VALUES:
            next(rest, None)
        elif argument not in _CURL_FLAGS:
            urls.append(argument)
    if len(urls) != 1 or urls[0] not in PAGES:
        raise NotPermitted(f"curl {' '.join(urls)}: the guest asks only for {', '.join(sorted(PAGES))}")
    return Page(*PAGES[urls[0]], fail=not _CURL_FAIL.isdisjoint(arguments))


def _halt(arguments: list[str]) -> Halt:
    match arguments:
        case ["-STOP", "-x", "kube-proxy"]:
            return Halt(still=True)
        case ["-CONT", "-x", "kube-proxy"]:
            return Halt(still=False)
    raise NotPermitted(f"pkill {' '.join(arguments)}: the guest only stops and continues kube-proxy")


def _processes(arguments: list[str]) -> Processes:
    if arguments != ["-x", "kube-proxy"]:
        raise NotPermitted(f"pgrep {' '.join(arguments)}: the guest only looks for kube-proxy")
    return Processes()


def _entry_limit(arguments: list[str]) -> EntryLimit:
    match arguments:
        case ["-q", "-w", setting] if (value := setting.removeprefix(f"{ENTRY_LIMIT}=")).isdecimal():
            return EntryLimit(int(value))
    raise NotPermitted(f"sysctl {' '.join(arguments)}: the guest only does `sysctl -q -w {ENTRY_LIMIT}=NUMBER`")


def _aside(arguments: list[str]) -> Aside:
    match arguments:
        case ["--net", "python3", "-c", _, *_]:
            return Aside(("unshare", *arguments))
    raise NotPermitted("unshare: the guest runs only `unshare --net python3 -c PROGRAM`")
