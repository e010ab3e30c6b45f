"""Does a node's kernel have ip_vs? The kernel is asked, not a program that the node may lack."""

from __future__ import annotations

from clusters.cluster import Node
from clusters.errors import CommandFailed, WorldError
from harness.dataplane.shell import ProxyShell

LOADED, LOADABLE = "loaded", "loadable"

ASK_KERNEL = r"""
command -v ipvsadm > /dev/null || echo 'no ipvsadm'
if [ -e "$1/proc/net/ip_vs" ] || grep -q '^ip_vs ' "$1/proc/modules" 2> /dev/null; then
  echo loaded
elif refusal=$(modprobe --dry-run ip_vs 2>&1); then
  echo loadable
elif grep -q '/ip_vs\.ko' "$1/lib/modules/$(uname -r)/modules.dep" 2> /dev/null; then
  echo loadable
else
  echo "neither /proc/net/ip_vs nor a module to load: $refusal"
fi
"""
"""A script for sh, whose first argument goes before the paths. ip_vs has its file in /proc once it is built in or
loaded (net/netfilter/ipvs/ip_vs_ctl.c). A module loads on demand: kube-proxy in ipvs mode calls `modprobe ip_vs` itself
(github.com/moby/ipvs, netlink_linux.go). `modprobe --dry-run` knows what is built in, too (modprobe(8)); modules.dep
tells of the module where the node has no modprobe."""


def why_no_ipvs(shell: ProxyShell, node: Node) -> str | None:
    """Return why no kube-proxy can run in ipvs mode on `node`, or None if one can.

    Raises `WorldError` if the kernel has ip_vs and only the program that reads it is missing, or is refused.
    """
    try:
        shell.run(node, "ipvsadm", "-Ln")
    except CommandFailed as refused:
        return _ask_kernel(shell, node, refused)
    return None


def _ask_kernel(shell: ProxyShell, node: Node, refused: CommandFailed) -> str | None:
    *lacks_tool, kernel = shell.run(node, "sh", "-c", ASK_KERNEL, "sh", "").strip().splitlines()
    if kernel not in (LOADED, LOADABLE):
        return f"the kernel of node {node.name} has no ip_vs: {kernel}"
    if lacks_tool:
        raise WorldError(
            f"node {node.name} has ip_vs in its kernel ({kernel}) but no ipvsadm to read it with",
            remedy="the image that brings the tools lacks it: --tools-image names another on an existing cluster; "
            "a kept kind cluster of an earlier version has to be made anew",
        )
    if kernel == LOADED:
        raise WorldError(
            f"node {node.name} has ip_vs in its kernel, but ipvsadm cannot read it: {' '.join(refused.stderr.split())}",
            detail=refused.detail,
        )
    return None
