import os
import socket
import subprocess
import threading

import pytest
from director.frames import READ, TOLD_EVERY_BYTES, Decoder, encode
from director.guest.answers import _halt, _limit_entries, _processes, answer, first_sync_done, get
from director.guest.serialline import SerialLine
from director.guest.setup import ENVIRONMENT, HOSTS, MOUNTS, kube_proxy, mount_own, prepare

from tests.fakes.machine import FakeMachine

START = {
    "node_name": "worker",
    "service_cidr": "10.96.0.0/16",
    "api_host": "kubeproof-control-plane",
    "api_address": "172.18.0.2",
    "config": "/var/lib/kube-proxy/config.conf",
}
HELP = "# HELP kubeproxy_sync_proxy_rules_last_timestamp_seconds [ALPHA] The last time proxy rules were synced\n"
METRIC = "kubeproxy_sync_proxy_rules_last_timestamp_seconds"


def test_the_guest_never_mounts_over_run_where_the_service_account_is():
    machine = FakeMachine()
    mount_own(machine)
    assert [argv[-1] for argv in MOUNTS] == ["/proc", "/sys", "/tmp"]
    assert len(machine.ran) == 3


def test_the_api_server_is_found_by_name_without_a_resolver():
    machine = FakeMachine()
    prepare(machine, START)
    assert machine.written[str(HOSTS)] == "127.0.0.1 localhost\n172.18.0.2 kubeproof-control-plane\n"
    assert machine.ran[-1] == "mount --bind /tmp/hosts /etc/hosts"


def test_modules_come_before_the_settings_that_they_bring():
    machine = FakeMachine()
    prepare(machine, START)
    assert machine.ran[0].startswith("modprobe --all ip_vs ip_vs_rr")
    assert machine.written["/proc/sys/net/netfilter/nf_conntrack_max"] == "131072"


def test_kube_proxy_does_not_find_the_programs_that_ask_the_guest():
    """It once ran the pod's `ipset`, which asks the guest, from within the guest."""
    assert "/usr/local/bin" not in ENVIRONMENT["PATH"].split(":")
    assert ENVIRONMENT["PATH"].split(":")[0] == "/usr/local/lib/kubeproof/legacy"


def test_kube_proxy_runs_with_its_config_map_and_its_nodes_name():
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
def test_the_first_sync_is_done_when_the_metric_has_a_time(metrics, done):
    assert first_sync_done(metrics) is done


def test_what_is_not_permitted_ends_as_in_a_shell():
    assert answer(("bash",), 1) == {
        "exit_code": 126,
        "stdout": "",
        "stderr": "bash: the guest runs only cat, conntrack, curl, ip6tables-save, ipset, iptables, iptables-save, "
        "ipvsadm, pgrep, pkill, sysctl, tc, uname, unshare\n",
    }


def test_files_are_read_one_after_the_other():
    done = answer(("cat", "/proc/version", "/proc/version"), 1)
    assert done["exit_code"] == 0
    assert done["stdout"].count("Linux version") == 2


def test_a_file_that_is_missing_is_named():
    done = answer(("cat", "/proc/no-such-file"), 1)
    assert (done["exit_code"], done["stderr"]) == (1, "cat: /proc/no-such-file: No such file or directory\n")


def serve_once(reply):
    """A port of the loopback that sends `reply` to the first who asks."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk():
        connection, _ = listener.accept()
        with listener, connection:
            connection.recv(4096)
            connection.sendall(reply)

    threading.Thread(target=talk).start()
    return listener.getsockname()[1]


def test_a_page_is_asked_for_by_hand():
    assert get(serve_once(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nipvs"), "/proxyMode", 5) == (200, "ipvs")
    assert get(serve_once(b"HTTP/1.0 503 Unhealthy\r\n\r\n{}"), "/healthz", 5) == (503, "{}")


def test_what_does_not_speak_http_is_an_error():
    with pytest.raises(OSError, match="does not speak HTTP"):
        get(serve_once(b"hello"), "/", 5)


def test_a_process_that_is_called_kube_proxy_is_found(tmp_path):
    for process, program in ((1, "init"), (40, "kube-proxy"), (41, "kube-proxyish")):
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "comm").write_text(f"{program}\n")
    assert _processes(tmp_path) == {"exit_code": 0, "stdout": "40\n", "stderr": ""}
    assert _processes(tmp_path / "none")["exit_code"] == 1


def test_a_process_that_is_called_kube_proxy_stands_still_and_goes_on(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as proxy:
        (tmp_path / str(proxy.pid)).mkdir()
        (tmp_path / str(proxy.pid) / "comm").write_text("kube-proxy\n")
        assert _halt(True, tmp_path)["exit_code"] == 0
        _, how = os.waitpid(proxy.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(how)
        assert _halt(False, tmp_path)["exit_code"] == 0
        _, how = os.waitpid(proxy.pid, os.WCONTINUED)
        assert os.WIFCONTINUED(how)
        proxy.kill()
    assert _halt(True, tmp_path / "none")["exit_code"] == 1


def test_connection_tracking_takes_no_more_than_it_was_told(tmp_path):
    limit = tmp_path / "nf_conntrack_max"
    assert _limit_entries(400, limit)["exit_code"] == 0
    assert limit.read_text() == "400\n"


def test_the_guest_tells_how_much_of_its_line_it_has_read():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = SerialLine(theirs.fileno())
        question = encode({"number": 1, "argv": ["cat", "/proc/" + "a" * TOLD_EVERY_BYTES]})
        ours.sendall(question)
        assert line.take()[0]["number"] == 1
        ours.sendall(encode({"number": 2, "ask": "ready"}))
        line.take()
        line.send({"number": 2})
        assert list(Decoder().feed(ours.recv(4096))) == [{"event": READ, "bytes": len(question)}, {"number": 2}]
