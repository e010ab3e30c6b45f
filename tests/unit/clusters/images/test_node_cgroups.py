"""Tests of the program that prepares the kubelet's cgroup, on a directory that replaces /sys/fs/cgroup."""

import subprocess

from clusters.images.recipes import RECIPES

NODE_FILES = RECIPES / "node" / "files"
PROGRAM = NODE_FILES / "usr/local/bin/prepare-kubelet-cgroup"


def run(root):
    subprocess.run([PROGRAM, root], check=True)


def test_on_cgroup_v2_all_controllers_are_enabled_in_the_kubelets_slice(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    slice_ = tmp_path / "kubelet.slice"
    slice_.mkdir()  # the kernel creates files in a new cgroup; in an ordinary directory the test creates them
    (slice_ / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    run(tmp_path)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpuset +cpu +io +memory +pids\n"
    assert (slice_ / "cgroup.subtree_control").read_text() == "+cpuset +cpu +io +memory +pids\n"


def test_on_cgroup_v1_nothing_is_changed(tmp_path):
    (tmp_path / "memory").mkdir()
    run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["memory"]


def test_the_kubelets_unit_prepares_its_cgroup_first():
    unit = (NODE_FILES / "etc/systemd/system/kubelet.service").read_text()
    assert "ExecStartPre=/usr/local/bin/prepare-kubelet-cgroup" in unit
