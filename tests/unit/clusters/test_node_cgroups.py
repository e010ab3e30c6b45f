"""The kubelet's cgroup on a node, against a folder in place of /sys/fs/cgroup."""

import subprocess

from clusters.images.recipes import RECIPES

NODE_FILES = RECIPES / "node" / "files"
PROGRAM = NODE_FILES / "usr/local/bin/prepare-kubelet-cgroup"


def run(root):
    subprocess.run([PROGRAM, root], check=True)


def test_on_cgroup_v2_the_kubelets_slice_has_all_controllers_of_the_node(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    slice_ = tmp_path / "kubelet.slice"
    slice_.mkdir()  # the kernel fills a new group with files; a folder has to be given them
    (slice_ / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    run(tmp_path)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpuset +cpu +io +memory +pids\n"
    assert (slice_ / "cgroup.subtree_control").read_text() == "+cpuset +cpu +io +memory +pids\n"


def test_on_cgroup_v1_it_touches_nothing(tmp_path):
    (tmp_path / "memory").mkdir()
    run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["memory"]


def test_the_kubelet_does_not_start_without_its_cgroup():
    unit = (NODE_FILES / "etc/systemd/system/kubelet.service").read_text()
    assert "ExecStartPre=/usr/local/bin/prepare-kubelet-cgroup" in unit
