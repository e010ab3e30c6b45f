"""Set-up of the guest for kube-proxy: mounts, modules, network, kernel settings, the API server's name."""

from __future__ import annotations

from pathlib import Path

from director.frames import Message
from director.host import Host
from director.plumbing import GUEST_ADDRESS, NODE_ADDRESS, PREFIX_LENGTH

MOUNTS = (
    ("mount", "-t", "proc", "proc", "/proc"),
    ("mount", "-t", "sysfs", "sysfs", "/sys"),
    ("mount", "-t", "tmpfs", "tmpfs", "/tmp"),
)

MODULES = (
    *("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_lc", "ip_vs_wlc", "ip_vs_sh", "ip_vs_sed", "ip_vs_nq"),
    *("nf_conntrack", "nf_conntrack_netlink", "iptable_nat", "iptable_filter", "iptable_mangle"),
    *("ip_set", "ip_set_hash_ipport", "ip_set_hash_ipportip", "ip_set_hash_ipportnet", "ip_set_bitmap_port"),
    *("ip_set_hash_ip", "ip_set_hash_net", "xt_set", "ipt_REJECT", "dummy"),
)
"""Loaded by one call of modprobe, instead of one call for each module that the kernel finds missing."""

LOADED_MODULES = Path("/proc/modules")
"""Only a kernel that can load modules has this file. Kubeproof's own kernel has everything built in."""

MODULE_DIRECTORY = Path("/usr/lib/modules")
"""Where modprobe(8) looks for the modules of a kernel, and for what is built into it."""

NETWORK = f"""link set lo up
address add {GUEST_ADDRESS}/{PREFIX_LENGTH} dev vec0
link set vec0 up
route add default via {NODE_ADDRESS}
"""

KERNEL_SETTINGS = (
    ("/proc/sys/net/ipv4/ip_forward", "1"),
    # kube-proxy's own minimum (conntrack.min). kube-proxy does not set it here, because on a kind node it is configured
    # not to. The default of a kernel with this much memory is 4,096, which a load test fills within seconds.
    ("/proc/sys/net/netfilter/nf_conntrack_max", "131072"),
    ("/sys/module/nf_conntrack/parameters/hashsize", "32768"),
    # All packets enter and leave through one device, whatever their source address.
    ("/proc/sys/net/ipv4/conf/all/rp_filter", "0"),
    ("/proc/sys/net/ipv4/conf/vec0/rp_filter", "0"),
    ("/proc/sys/net/ipv4/conf/all/send_redirects", "0"),
    ("/proc/sys/net/ipv4/conf/vec0/send_redirects", "0"),
    # Every program in the guest inherits this timer slack. Go's system monitor (sysmon) sleeps for 20 us at a time and
    # reads the clock after each sleep. This was two thirds of the guest's system calls, each of which takes 50 us or
    # more here.
    # https://github.com/golang/go/blob/master/src/runtime/proc.go, sysmon; PR_SET_TIMERSLACK of prctl(2)
    ("/proc/self/timerslack_ns", "5000000"),
)

IPVS_LOAD_FACTOR = (Path("/proc/sys/net/ipv4/vs/conn_lfactor"), "-8")
"""Linux 7 resizes ipvs's table of connections with their number, and each time turns the order round in which it finds
two connections with the same addresses: of a client that reuses a port, or of two Services with one backend. With this
load factor the table has its full size, as it always had before Linux 7, from 16 connections on
(`ip_vs_rht_desired_size` in net/netfilter/ipvs/ip_vs_core.c)."""

HOSTS = Path("/tmp/hosts")

ENVIRONMENT = {
    # kube-proxy uses the legacy iptables, which this kernel supports. /usr/local/bin is left out: the programs of the
    # same names there are the wrappers that call the guest.
    "PATH": "/usr/local/lib/kubeproof/legacy:/usr/sbin:/usr/bin:/sbin:/bin",
    "XTABLES_LOCKFILE": "/tmp/xtables.lock",
    "HOME": "/tmp",
}
"""The environment of every program in the guest."""


def mount_own(host: Host) -> None:
    """Mount the guest's own file systems. Raises `HostCommandFailed`."""
    for argv in MOUNTS:
        host.run(argv)


def prepare(host: Host, start: Message) -> None:
    """Set up modules, network, kernel settings and names as on a node. Raises `HostCommandFailed`, `OSError`."""
    if host.has(LOADED_MODULES):
        host.run(("modprobe", "--all", *MODULES))
    else:
        list_built_in_modules(host)
    host.run(("ip", "-batch", "-"), stdin=NETWORK)
    for file, value in KERNEL_SETTINGS:
        host.write(Path(file), value)
    file, value = IPVS_LOAD_FACTOR
    if host.has(file):
        host.write(file, value)
    host.run(("hostname", start["node_name"]))
    host.write(HOSTS, f"127.0.0.1 localhost\n{start['api_address']} {start['api_host']}\n")
    host.run(("mount", "--bind", str(HOSTS), "/etc/hosts"))


def list_built_in_modules(host: Host) -> None:
    """Let modprobe find what Kubeproof's own kernel has built in (modules.builtin, depmod(8)).

    When kube-proxy cleans up, it leaves everything of ipvs mode as it is unless `modprobe ip_vs` succeeds:
    https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/proxy/ipvs/cleanup.go
    """
    host.run(("mount", "-t", "tmpfs", "tmpfs", str(MODULE_DIRECTORY)))
    directory = MODULE_DIRECTORY / host.run(("uname", "-r")).strip()
    host.run(("mkdir", str(directory)))
    host.write(directory / "modules.builtin", "".join(f"kernel/{module}.ko\n" for module in MODULES))
    host.run(("depmod",))


def kube_proxy(start: Message) -> tuple[str, ...]:
    """Return kube-proxy's command line as in kubeadm, plus verbosity 2 for the line that routes.py waits for."""
    return (
        "/usr/local/bin/kube-proxy",
        f"--config={start['config']}",
        f"--hostname-override={start['node_name']}",
        "-v=2",
    )
