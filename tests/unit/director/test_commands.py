import signal

import pytest
from director.commands import (
    Background,
    EntryLimit,
    Files,
    NotPermitted,
    Page,
    Processes,
    Program,
    SignalProxy,
    permitted,
)

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
def test_network_tools_run_by_full_path_with_their_arguments(line, program):
    name, *arguments = line.split()
    assert permitted((name, *arguments)) == Program((program, *arguments))


def test_files_in_proc_and_sys_are_readable():
    assert permitted(("cat", "/proc/net/ip_vs", "/sys/class/net")) == Files(("/proc/net/ip_vs", "/sys/class/net"))


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/../etc/passwd", "proc/net", "-n", "/proc/1/../../etc/passwd"])
def test_other_files_are_refused(path):
    with pytest.raises(NotPermitted, match="reads only files in /proc/ and /sys/"):
        permitted(("cat", path))


def test_curl_requests_an_endpoint_of_kube_proxy():
    argv = ("curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:10249/proxyMode")
    assert permitted(argv) == Page(10249, "/proxyMode", fail=True)
    assert permitted(("curl", "-s", "http://127.0.0.1:10256/healthz")) == Page(10256, "/healthz", fail=False)


@pytest.mark.parametrize(
    "arguments", [("http://169.254.77.1/",), (), ("-o", "/etc/hosts", "http://127.0.0.1:10249/metrics")]
)
def test_other_uses_of_curl_are_refused(arguments):
    with pytest.raises(NotPermitted, match="requests only"):
        permitted(("curl", *arguments))


@pytest.mark.parametrize("argv", [("bash", "-c", "id"), ("/usr/sbin/ipvsadm",), ("ip", "link"), ()])
def test_other_programs_are_refused(argv):
    with pytest.raises(NotPermitted):
        permitted(argv)


@pytest.mark.parametrize("name", ["STOP", "CONT", "TERM"])
def test_pkill_suspends_resumes_or_ends_kube_proxy(name):
    assert permitted(("pkill", f"-{name}", "-x", "kube-proxy")) == SignalProxy(signal.Signals[f"SIG{name}"])


def test_kube_proxy_cleans_up_and_does_nothing_else():
    assert permitted(("kube-proxy", "--cleanup")) == Background(("/usr/local/bin/kube-proxy", "--cleanup"))
    with pytest.raises(NotPermitted):
        permitted(("kube-proxy", "--version"))


def test_pgrep_lists_only_processes_of_kube_proxy():
    assert permitted(("pgrep", "-x", "kube-proxy")) == Processes()
    with pytest.raises(NotPermitted, match="pgrep -x python3: the guest lists only processes of kube-proxy"):
        permitted(("pgrep", "-x", "python3"))


@pytest.mark.parametrize("line", ["pkill -KILL -x kube-proxy", "pkill -STOP -x python3", "pkill kube-proxy", "pkill"])
def test_other_uses_of_pkill_are_refused(line):
    with pytest.raises(NotPermitted, match="accepts only -STOP, -CONT, -TERM for kube-proxy"):
        permitted(tuple(line.split()))


def test_sysctl_limits_the_conntrack_table():
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
def test_other_uses_of_sysctl_are_refused(line):
    with pytest.raises(NotPermitted, match="the guest runs only `sysctl -q -w"):
        permitted(tuple(line.split()))


def test_a_python_program_runs_only_in_a_network_namespace_of_its_own():
    argv = ("unshare", "--net", "python3", "-c", "print(1)", "a plan")
    assert permitted(argv) == Background(argv)
    for other in ("unshare --net bash -c x", "unshare python3 -c x", "unshare --net python3 x", "unshare"):
        with pytest.raises(NotPermitted, match="only `unshare --net python3 -c PROGRAM`"):
            permitted(tuple(other.split()))
