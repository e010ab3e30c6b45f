"""Tests of the check for ip_vs, which must not depend on the tools of the node."""

import os
import subprocess
from collections.abc import Mapping

import pytest

from clusters.cluster import Node, Role
from clusters.errors import CommandFailed, WorldError
from harness.dataplane.ipvs_kernel import KERNEL_SCRIPT, LOADABLE, LOADED, why_no_ipvs

NODE = Node("worker", Role.WORKER, "10.0.0.1")
NO_TOOL = 'exec: "ipvsadm": executable file not found in $PATH'
NO_KERNEL = "neither /proc/net/ip_vs nor a module to load: modprobe: FATAL: Module ip_vs not found"


class ShellWithoutIpvsadm:
    """A node on which ipvsadm fails with `stderr` and the kernel script prints `kernel`."""

    def __init__(self, stderr: str, kernel: str) -> None:
        self._stderr, self._kernel = stderr, kernel

    def run(self, node: Node, *argv: str, timeout_s: float = 60.0) -> str:
        if argv[0] == "ipvsadm":
            raise CommandFailed(argv, 127, "", self._stderr)
        assert argv[:3] == ("sh", "-c", KERNEL_SCRIPT)
        return self._kernel


def test_a_kernel_without_ip_vs_is_the_reason():
    reason = why_no_ipvs(ShellWithoutIpvsadm("Can't initialize ipvs", NO_KERNEL), NODE)
    assert reason == f"the kernel of node worker has no ip_vs: {NO_KERNEL}"


def test_a_kernel_without_ip_vs_is_the_reason_even_if_ipvsadm_is_missing_too():
    reason = why_no_ipvs(ShellWithoutIpvsadm(NO_TOOL, f"no ipvsadm\n{NO_KERNEL}\n"), NODE)
    assert reason == f"the kernel of node worker has no ip_vs: {NO_KERNEL}"


@pytest.mark.parametrize("kernel", [LOADED, LOADABLE])
def test_a_missing_ipvsadm_is_an_environment_error(kernel):
    with pytest.raises(WorldError, match=r"node worker has ip_vs in its kernel .* but no ipvsadm"):
        why_no_ipvs(ShellWithoutIpvsadm(NO_TOOL, f"no ipvsadm\n{kernel}\n"), NODE)


def test_a_module_that_loads_on_demand_lets_the_case_run():
    assert why_no_ipvs(ShellWithoutIpvsadm("Can't initialize ipvs", f"{LOADABLE}\n"), NODE) is None


def test_an_ipvsadm_without_permission_is_an_environment_error():
    with pytest.raises(WorldError, match="ipvsadm cannot read it: Permission denied"):
        why_no_ipvs(ShellWithoutIpvsadm("Permission denied (you must be root)", f"{LOADED}\n"), NODE)


@pytest.fixture
def kernel(tmp_path):
    """Return a function that runs the script with `files` below its root and `modprobe` as the modprobe script."""

    def run(files: Mapping[str, str], modprobe: str | None = "echo not found >&2; exit 1", ipvsadm: bool = True):
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("grep", "uname", "sh"):
            real = next(found for found in (f"/usr/bin/{name}", f"/bin/{name}") if os.access(found, os.X_OK))
            (programs / name).symlink_to(real)
        for name, body in (("modprobe", modprobe), ("ipvsadm", "exit 0" if ipvsadm else None)):
            if body is not None:
                (programs / name).write_text(f"#!/bin/sh\n{body}\n")
                (programs / name).chmod(0o755)
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        argv = ("/bin/sh", "-c", KERNEL_SCRIPT, "sh", str(tmp_path))
        done = subprocess.run(argv, env={"PATH": str(programs)}, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


def test_ip_vs_in_proc_counts_as_loaded(kernel):
    assert kernel({"proc/net/ip_vs": ""}) == LOADED


def test_ip_vs_among_the_modules_counts_as_loaded(kernel):
    assert kernel({"proc/modules": "ip_vs_rr 16384 0 - Live\nip_vs 200704 1 ip_vs_rr, Live\n"}) == LOADED


def test_another_module_with_the_same_prefix_does_not_count(kernel):
    assert kernel({"proc/modules": "ip_vs_rr 16384 0 - Live\n"}).startswith("neither")


def test_a_module_that_modprobe_would_load_is_loadable(kernel):
    assert kernel({}, modprobe='test "$1 $2" = "--dry-run ip_vs"') == LOADABLE


def test_without_modprobe_the_modules_dep_file_is_read(kernel):
    dep = "kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz\n"
    assert kernel({f"lib/modules/{os.uname().release}/modules.dep": dep}, modprobe=None) == LOADABLE


def test_a_kernel_without_ip_vs_is_reported_with_what_was_checked(kernel):
    assert kernel({}) == "neither /proc/net/ip_vs nor a module to load: not found"


def test_a_missing_ipvsadm_is_reported_on_its_own_line(kernel):
    assert kernel({"proc/net/ip_vs": ""}, ipvsadm=False).splitlines() == ["no ipvsadm", LOADED]
