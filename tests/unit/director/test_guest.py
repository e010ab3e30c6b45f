import os
import signal
import socket
import subprocess
import threading

import pytest
from director.frames import READ, REPORT_EVERY_BYTES, Decoder, encode
from director.guest.execute import _limit_entries, _processes, _signal, execute, first_sync_done, get
from director.guest.serialline import SerialLine
from director.guest.setup import (
    ENVIRONMENT,
    HOSTS,
    IPVS_LOAD_FACTOR,
    LOADED_MODULES,
    MOUNTS,
    kube_proxy,
    mount_own,
    prepare,
)

from tests.fakes.host.machine import FakeMachine

START = {
    "node_name": "worker",
    "service_cidr": "10.96.0.0/16",
    "api_host": "kubeproof-control-plane",
    "api_address": "172.18.0.2",
    "config": "/var/lib/kube-proxy/config.conf",
}
HELP = "# HELP kubeproxy_sync_proxy_rules_last_timestamp_seconds [ALPHA] The last time proxy rules were synced\n"
METRIC = "kubeproxy_sync_proxy_rules_last_timestamp_seconds"


def test_the_guest_does_not_mount_over_run_because_the_service_account_token_is_there():
    machine = FakeMachine()
    mount_own(machine)
    assert [argv[-1] for argv in MOUNTS] == ["/proc", "/sys", "/tmp"]
    assert len(machine.ran) == 3


def test_the_api_servers_name_is_in_the_hosts_file():
    machine = FakeMachine()
    prepare(machine, START)
    assert machine.written[str(HOSTS)] == "127.0.0.1 localhost\n172.18.0.2 kubeproof-control-plane\n"
    assert machine.ran[-1] == "mount --bind /tmp/hosts /etc/hosts"


def test_a_kernel_without_modules_is_asked_for_none():
    machine = FakeMachine()
    prepare(machine, START)
    assert not any(command.startswith("modprobe") for command in machine.ran)


def test_what_a_kernel_without_modules_has_built_in_is_found_by_modprobe():
    """kube-proxy in nftables mode once left virtual servers and sets of ipvs mode, because modprobe did not find it."""
    machine = FakeMachine({"uname -r": "7.2.12\n"})
    prepare(machine, START)
    assert "kernel/ip_vs.ko\n" in machine.written["/usr/lib/modules/7.2.12/modules.builtin"]
    assert machine.ran.index("mkdir /usr/lib/modules/7.2.12") < machine.ran.index("depmod")


def test_modules_are_loaded_before_their_settings_are_written():
    machine = FakeMachine()
    machine.files = {LOADED_MODULES}
    prepare(machine, START)
    assert machine.ran[0].startswith("modprobe --all ip_vs ip_vs_rr")
    assert machine.written["/proc/sys/net/netfilter/nf_conntrack_max"] == "131072"


def test_a_kernel_that_resizes_the_table_of_ipvs_keeps_it_at_its_full_size():
    file, value = IPVS_LOAD_FACTOR
    older, newer = FakeMachine(), FakeMachine()
    newer.files = {file}
    for machine in (older, newer):
        prepare(machine, START)
    assert str(file) not in older.written
    assert newer.written[str(file)] == value


def test_the_wrappers_are_not_in_kube_proxys_path():
    """kube-proxy in the guest once ran the pod's `ipset`, a wrapper that sends a request to the guest."""
    assert "/usr/local/bin" not in ENVIRONMENT["PATH"].split(":")
    assert ENVIRONMENT["PATH"].split(":")[0] == "/usr/local/lib/kubeproof/legacy"


def test_kube_proxy_runs_with_the_file_of_its_config_map_and_the_nodes_name():
    assert kube_proxy(START) == (
        "/usr/local/bin/kube-proxy",
        "--config=/var/lib/kube-proxy/config.conf",
        "--hostname-override=worker",
        "-v=2",
    )


@pytest.mark.parametrize(
    ("metrics", "done"),
    [
        (HELP + f'{METRIC}{{ip_family="IPv4"}} 1.7954903688506584e+09\n', True),
        (HELP + f"{METRIC} 1.79e+09\n", True),
        (HELP + f"{METRIC} 0\n", False),
        (HELP + f'{METRIC}{{ip_family="IPv4"}} 0\n{METRIC}{{ip_family="IPv6"}} 1.79e+09\n', False),
        (HELP, False),
    ],
)
def test_the_first_sync_is_done_when_the_metric_has_a_timestamp(metrics, done):
    assert first_sync_done(metrics) is done


def test_a_refused_command_has_a_shells_exit_code():
    assert execute(("bash",), 1) == {
        "exit_code": 126,
        "stdout": "",
        "stderr": "bash: the guest runs only cat, conntrack, curl, ip6tables-save, ipset, iptables, iptables-save, "
        "ipvsadm, kube-proxy, nft, pgrep, pkill, sysctl, tc, uname, unshare\n",
    }


def test_files_are_read_in_order():
    done = execute(("cat", "/proc/version", "/proc/version"), 1)
    assert done["exit_code"] == 0
    assert done["stdout"].count("Linux version") == 2


def test_a_missing_file_is_named():
    done = execute(("cat", "/proc/no-such-file"), 1)
    assert (done["exit_code"], done["stderr"]) == (1, "cat: /proc/no-such-file: No such file or directory\n")


def serve_once(reply):
    """Serve `reply` to the first connection on a loopback port, and return the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with listener, connection:
            connection.recv(4096)
            connection.sendall(reply)

    threading.Thread(target=serve).start()
    return listener.getsockname()[1]


def test_status_and_body_of_a_page_are_returned():
    assert get(serve_once(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nipvs"), "/proxyMode", 5) == (200, "ipvs")
    assert get(serve_once(b"HTTP/1.0 503 Unhealthy\r\n\r\n{}"), "/healthz", 5) == (503, "{}")


def test_a_response_that_is_not_http_is_an_error():
    with pytest.raises(OSError, match="is not HTTP"):
        get(serve_once(b"hello"), "/", 5)


def test_only_processes_with_the_exact_name_kube_proxy_are_listed(tmp_path):
    for process, program in ((1, "init"), (40, "kube-proxy"), (41, "kube-proxyish")):
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "comm").write_text(f"{program}\n")
    assert _processes(tmp_path) == {"exit_code": 0, "stdout": "40\n", "stderr": ""}
    assert _processes(tmp_path / "none")["exit_code"] == 1


def test_kube_proxy_is_suspended_and_resumed(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as proxy:
        (tmp_path / str(proxy.pid)).mkdir()
        (tmp_path / str(proxy.pid) / "comm").write_text("kube-proxy\n")
        assert _signal(signal.SIGSTOP, tmp_path)["exit_code"] == 0
        _, status = os.waitpid(proxy.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert _signal(signal.SIGCONT, tmp_path)["exit_code"] == 0
        _, status = os.waitpid(proxy.pid, os.WCONTINUED)
        assert os.WIFCONTINUED(status)
        proxy.kill()
    assert _signal(signal.SIGSTOP, tmp_path / "none")["exit_code"] == 1


def test_the_maximum_number_of_conntrack_entries_is_written(tmp_path):
    limit = tmp_path / "nf_conntrack_max"
    assert _limit_entries(400, limit)["exit_code"] == 0
    assert limit.read_text() == "400\n"


def test_the_guest_reports_how_many_bytes_it_has_read():
    director_end, guest_end = socket.socketpair()
    with director_end, guest_end:
        line = SerialLine(guest_end.fileno())
        request = encode({"number": 1, "argv": ["cat", "/proc/" + "a" * REPORT_EVERY_BYTES]})
        director_end.sendall(request)
        assert line.take()[0]["number"] == 1
        director_end.sendall(encode({"number": 2, "ask": "ready"}))
        line.take()
        line.send({"number": 2})
        assert list(Decoder().feed(director_end.recv(4096))) == [{"event": READ, "bytes": len(request)}, {"number": 2}]
