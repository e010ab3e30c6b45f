import pytest
from director.commands import Aside, EntryLimit, Files, Halt, NotPermitted, Page, Processes, Program, permitted

LEGACY = "/usr/local/lib/kubeproof/legacy"


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("ipvsadm -Ln --stats", "/usr/sbin/ipvsadm"),
        ("ipset list", "/usr/sbin/ipset"),
        ("conntrack -L", "/usr/sbin/conntrack"),
        ("iptables-save -c", f"{LEGACY}/iptables-save"),
        ("ip6tables-save", f"{LEGACY}/ip6tables-save"),
    ],
)
def test_the_proxys_tools_run_by_full_path_with_their_arguments(line, program):
    name, *arguments = line.split()
    assert permitted((name, *arguments)) == Program((program, *arguments))


def test_files_of_proc_and_sys_can_be_read():
    assert permitted(("cat", "/proc/net/ip_vs", "/sys/class/net")) == Files(("/proc/net/ip_vs", "/sys/class/net"))


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/../etc/passwd", "proc/net", "-n", "/proc/1/../../etc/passwd"])
def test_no_other_file_can(path):
    with pytest.raises(NotPermitted, match="shows only files of /proc/ and /sys/"):
        permitted(("cat", path))


def test_curl_means_a_page_of_kube_proxy():
    argv = ("curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:10249/proxyMode")
    assert permitted(argv) == Page(10249, "/proxyMode", fail=True)
    assert permitted(("curl", "-s", "http://127.0.0.1:10256/healthz")) == Page(10256, "/healthz", fail=False)


@pytest.mark.parametrize(
    "arguments", [("http://169.254.77.1/",), (), ("-o", "/etc/hosts", "http://127.0.0.1:10249/metrics")]
)
def test_curl_means_nothing_else(arguments):
    with pytest.raises(NotPermitted, match="asks only for"):
        permitted(("curl", *arguments))


@pytest.mark.parametrize("argv", [("bash", "-c", "id"), ("/usr/sbin/ipvsadm",), ("nft", "list"), ()])
def test_everything_else_is_refused(argv):
    with pytest.raises(NotPermitted):
        permitted(argv)


def test_pkill_means_to_have_kube_proxy_stand_still_or_go_on():
    assert permitted(("pkill", "-STOP", "-x", "kube-proxy")) == Halt(still=True)
    assert permitted(("pkill", "-CONT", "-x", "kube-proxy")) == Halt(still=False)


def test_pgrep_looks_for_kube_proxy_and_nothing_else():
    assert permitted(("pgrep", "-x", "kube-proxy")) == Processes()
    with pytest.raises(NotPermitted, match="pgrep -x python3: the guest only looks for kube-proxy"):
        permitted(("pgrep", "-x", "python3"))


@pytest.mark.parametrize("line", ["pkill -KILL -x kube-proxy", "pkill -STOP -x python3", "pkill kube-proxy", "pkill"])
def test_pkill_means_nothing_else(line):
    with pytest.raises(NotPermitted, match="only stops and continues kube-proxy"):
        permitted(tuple(line.split()))


def test_sysctl_limits_the_entries_of_connection_tracking():
    assert permitted(("sysctl", "-q", "-w", "net.netfilter.nf_conntrack_max=400")) == EntryLimit(400)


@pytest.mark.parametrize(
    "line",
    [
        "sysctl -q -w net.ipv4.ip_forward=0",
        "sysctl -q -w net.netfilter.nf_conntrack_max=many",
        "sysctl -q -w net.netfilter.nf_conntrack_max=400 net.ipv4.ip_forward=0",
        "sysctl -a",
        "sysctl",
    ],
)
def test_sysctl_means_nothing_else(line):
    with pytest.raises(NotPermitted, match="the guest only does `sysctl -q -w"):
        permitted(tuple(line.split()))


def test_a_program_of_ones_own_runs_in_a_network_of_its_own_and_nowhere_else():
    argv = ("unshare", "--net", "python3", "-c", "print(1)", "a plan")
    assert permitted(argv) == Aside(argv)
    for other in ("unshare --net bash -c x", "unshare python3 -c x", "unshare --net python3 x", "unshare"):
        with pytest.raises(NotPermitted, match="only `unshare --net python3 -c PROGRAM`"):
            permitted(tuple(other.split()))
