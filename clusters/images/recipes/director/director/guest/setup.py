"""Making the guest fit for kube-proxy: mounts, modules, network, kernel settings, the API server's name."""

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
"""At once: one start of modprobe, instead of one for each that the kernel finds missing."""

NETWORK = f"""link set lo up
address add {GUEST_ADDRESS}/{PREFIX_LENGTH} dev vec0
link set vec0 up
route add default via {NODE_ADDRESS}
"""

KERNEL_SETTINGS = (
    ("/proc/sys/net/ipv4/ip_forward", "1"),
    # kube-proxy's own least (conntrack.min), which it is told not to set on a node that it shares. What a
    # kernel of this size would give itself, 4,096, is full after seconds of a load test.
    ("/proc/sys/net/netfilter/nf_conntrack_max", "131072"),
    ("/sys/module/nf_conntrack/parameters/hashsize", "32768"),
    # Everything comes in and goes out by the one device, whatever its source.
    ("/proc/sys/net/ipv4/conf/all/rp_filter", "0"),
    ("/proc/sys/net/ipv4/conf/vec0/rp_filter", "0"),
    ("/proc/sys/net/ipv4/conf/all/send_redirects", "0"),
    ("/proc/sys/net/ipv4/conf/vec0/send_redirects", "0"),
    # Ours, and so that of every program in the guest. Go's monitor sleeps 20 us at a time and asks for the
    # time after each, which made two thirds of all the guest's system calls; these cost it 50 us and more.
    # https://github.com/golang/go/blob/master/src/runtime/proc.go, sysmon; PR_SET_TIMERSLACK of prctl(2)
    ("/proc/self/timerslack_ns", "5000000"),
)

HOSTS = Path("/tmp/hosts")

ENVIRONMENT = {
    # kube-proxy's iptables is the legacy one, which is what this kernel understands. Not /usr/local/bin:
    # there the same names ask the guest.
    "PATH": "/usr/local/lib/kubeproof/legacy:/usr/sbin:/usr/bin:/sbin:/bin",
    "XTABLES_LOCKFILE": "/tmp/xtables.lock",
    "HOME": "/tmp",
}
"""Of every program in the guest."""


def mount_own(host: Host) -> None:
    """Mount what is the guest's own. Raises `HostCommandFailed`."""
    for argv in MOUNTS:
        host.run(argv)


def prepare(host: Host, start: Message) -> None:
    """Everything that kube-proxy finds on a node. Raises `HostCommandFailed`, `OSError`."""
    host.run(("modprobe", "--all", *MODULES))
    host.run(("ip", "-batch", "-"), stdin=NETWORK)
    for file, value in KERNEL_SETTINGS:
        host.write(Path(file), value)
    host.run(("hostname", start["node_name"]))
    host.write(HOSTS, f"127.0.0.1 localhost\n{start['api_address']} {start['api_host']}\n")
    host.run(("mount", "--bind", str(HOSTS), "/etc/hosts"))


def kube_proxy(start: Message) -> tuple[str, ...]:
    """kube-proxy as kubeadm runs it; verbosity 2 because routes.py waits for a line of its log."""
    return (
        "/usr/local/bin/kube-proxy",
        f"--config={start['config']}",
        f"--hostname-override={start['node_name']}",
        "-v=2",
    )
