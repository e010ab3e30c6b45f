"""The commands that the guest accepts.

They run network tools, read files of /proc and /sys, request kube-proxy's HTTP endpoints, suspend, resume and restart
kube-proxy, list its processes, let it clean up, limit the conntrack table, and run a Python program in a network
namespace of its own.
"""

from __future__ import annotations

import posixpath
import signal
from dataclasses import dataclass

TOOLS = {
    "ipvsadm": "/usr/sbin/ipvsadm",
    "ipset": "/usr/sbin/ipset",
    "conntrack": "/usr/sbin/conntrack",
    "iptables": "/usr/local/lib/kubeproof/legacy/iptables",
    "iptables-save": "/usr/local/lib/kubeproof/legacy/iptables-save",
    "ip6tables-save": "/usr/local/lib/kubeproof/legacy/ip6tables-save",
    "nft": "/usr/sbin/nft",
    "tc": "/usr/sbin/tc",
    "uname": "/usr/bin/uname",
}
"""Programs by name, with full paths: in the pod the names alone resolve to the wrappers that call the guest."""

OTHERS = ("cat", "curl", "kube-proxy", "pgrep", "pkill", "sysctl", "unshare")
"""Commands that the agent implements itself, or accepts in one form only."""

SIGNALS = {"-STOP": signal.SIGSTOP, "-CONT": signal.SIGCONT, "-TERM": signal.SIGTERM}

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
    """The guest does not accept the command."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program with its arguments."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Files to read, in order."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """An HTTP endpoint of kube-proxy on the guest's loopback; `fail` as in `curl --fail`."""

    port: int
    path: str
    fail: bool


@dataclass(frozen=True, slots=True)
class SignalProxy:
    """Send kube-proxy a signal: SIGSTOP suspends it, SIGCONT resumes it. After SIGTERM the agent starts a new one."""

    number: signal.Signals


@dataclass(frozen=True, slots=True)
class Background:
    """A long-running program."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Processes:
    """List the process ids of kube-proxy."""


@dataclass(frozen=True, slots=True)
class EntryLimit:
    """Limit the conntrack table to `entries`."""

    entries: int


Command = Program | Files | Page | SignalProxy | Processes | EntryLimit | Background


def permitted(argv: tuple[str, ...]) -> Command:
    """Return the command that `argv` stands for in the guest. Raises `NotPermitted`.

    The agent implements `cat`, `curl`, `pgrep`, `pkill` and `sysctl` itself, which is faster than starting a program.
    """
    if not argv:
        raise NotPermitted("the command is empty")
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
        return _signal(arguments)
    if name == "sysctl":
        return _entry_limit(arguments)
    if name == "unshare":
        return _background(arguments)
    if argv == ("kube-proxy", "--cleanup"):
        return Background(("/usr/local/bin/kube-proxy", "--cleanup"))
    raise NotPermitted(f"{name}: the guest runs only {', '.join(sorted((*TOOLS, *OTHERS)))}")


def _files(arguments: list[str]) -> Files:
    for path in arguments:
        if not path.startswith(READABLE) or posixpath.normpath(path) != path:
            raise NotPermitted(f"cat {path}: the guest reads only files in {' and '.join(READABLE)}")
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
        raise NotPermitted(f"curl {' '.join(urls)}: the guest requests only {', '.join(sorted(PAGES))}")
    return Page(*PAGES[urls[0]], fail=not _CURL_FAIL.isdisjoint(arguments))


def _signal(arguments: list[str]) -> SignalProxy:
    match arguments:
        case [option, "-x", "kube-proxy"] if option in SIGNALS:
            return SignalProxy(SIGNALS[option])
    raise NotPermitted(f"pkill {' '.join(arguments)}: the guest accepts only {', '.join(SIGNALS)} for kube-proxy")


def _processes(arguments: list[str]) -> Processes:
    if arguments != ["-x", "kube-proxy"]:
        raise NotPermitted(f"pgrep {' '.join(arguments)}: the guest lists only processes of kube-proxy")
    return Processes()


def _entry_limit(arguments: list[str]) -> EntryLimit:
    match arguments:
        case ["-q", "-w", setting] if (value := setting.removeprefix(f"{ENTRY_LIMIT}=")).isdecimal():
            return EntryLimit(int(value))
    raise NotPermitted(f"sysctl {' '.join(arguments)}: the guest runs only `sysctl -q -w {ENTRY_LIMIT}=NUMBER`")


def _background(arguments: list[str]) -> Background:
    match arguments:
        case ["--net", "python3", "-c", _, *_]:
            return Background(("unshare", *arguments))
    raise NotPermitted("unshare: the guest runs only `unshare --net python3 -c PROGRAM`")
