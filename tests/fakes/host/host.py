"""A fake `Host`. By default, all checks are ok, and mode ipvs can run on the host's own kernel."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

from clusters.doctor.host import InotifyTaken, Room
from tests.fakes.host.commands import Answer, ScriptedCommands, failing
from tests.fakes.host.engine import DOCKER_INFO, KERNEL

ALL_CAPABILITIES = "000001ffffffffff"
WITHOUT_SYS_RESOURCE = "000001fffeffffff"
PROGRAMS = frozenset(
    {"docker", "kind", "go", "mmdebstrap", "nft", "iptables", "ipset", "ipvsadm"}
    | {"iptables-nft-restore", "iptables-legacy-restore", "unshare"}
)
FILES = {
    "/var/run/docker.pid": "700\n",
    "/proc/700": "",
    "/proc/700/limits": "Max open files            1048576              1048576              files\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
    "/proc/sys/fs/inotify/max_user_instances": "512\n",
    "/proc/sys/fs/inotify/max_user_watches": "524288\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
    "/proc/meminfo": "MemTotal:       16000000 kB\nMemAvailable:   12000000 kB\n",
    "/proc/net/ip_vs": "",
    "/etc/os-release": "ID=debian\nVERSION_CODENAME=bookworm\n",
    "/etc/apt/sources.list": "deb http://mirror.example/debian bookworm main\n",
}
SCRIPT: dict[str, Answer] = {
    "docker image inspect": failing("docker image inspect", "No such image"),
    "kind version": "kind v0.33.0 go1.26.0 linux/amd64",
    "go version": "go version go1.26.8 linux/amd64",
    "go env": json.dumps({"GOPROXY": "https://user:secret@goproxy.example,direct", "GOTOOLCHAIN": "auto"}),
    f"{sys.executable} -m pip": "pip 25.0",
    "nft --version": "nftables v1.0.6 (Lester Gooch #5)",
    "iptables --version": "iptables v1.8.9 (nf_tables)",
    "ipset --version": "ipset v7.17, protocol version: 7",
    "unshare": "",
}


class FakeHost(ScriptedCommands):
    """A `Host` with scripted facts.

    `files` and `script` replace single entries (a file that is None does not exist). `without` are programs that are not
    installed. `silent` are parts of the URLs that do not respond.
    """

    def __init__(
        self,
        *,
        engine: Mapping[str, object] | None = None,
        files: Mapping[str, str | None] | None = None,
        script: Mapping[str, Answer] | None = None,
        without: Iterable[str] = (),
        kernel: str = KERNEL,
        root: bool = True,
        bounding: str = ALL_CAPABILITIES,
        silent: Iterable[str] = (),
        free_gib: float = 100.0,
        inotify_instances: int = 0,
    ) -> None:
        info = json.dumps({**DOCKER_INFO, **(engine or {})})
        super().__init__({**SCRIPT, "docker info": info, **(script or {})})
        self._files = {**FILES, "/proc/700/status": f"Name:\tdockerd\nCapBnd:\t{bounding}\n", **(files or {})}
        self._programs = PROGRAMS - frozenset(without)
        self._kernel = kernel
        self._root = root
        self._silent = frozenset(silent)
        self._free_gib = free_gib
        self._inotify_instances = inotify_instances
        self.questions: list[str] = []

    def read_text(self, path: str) -> str | None:
        return self._files.get(path)

    def exists(self, path: str) -> bool:
        return self._files.get(path) is not None

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self._programs else None

    def env(self, name: str) -> str | None:
        return None

    def home(self) -> str:
        return "/home/user"

    def is_root(self) -> bool:
        return self._root

    def kernel_release(self) -> str:
        return self._kernel

    def room(self, path: str) -> Room | None:
        return Room(int(self._free_gib * 2**30), device=1)

    def inotify_taken(self) -> InotifyTaken | None:
        return InotifyTaken(self._inotify_instances, 0) if self._root else None

    def unanswered(self, urls: Iterable[str], timeout_s: float) -> dict[str, str]:
        requested = list(urls)
        self.questions += requested
        return {url: "timed out" for url in requested if any(name in url for name in self._silent)}
