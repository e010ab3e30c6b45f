"""A check whether a node's kernel has ip_vs. It reads the kernel, because the node may lack ipvsadm."""

from __future__ import annotations

from clusters.cluster import Node
from clusters.errors import CommandFailed, WorldError
from harness.dataplane.shell import ProxyShell

LOADED, LOADABLE = "loaded", "loadable"

KERNEL_SCRIPT = r"""
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
"""A script for sh; its first argument is a prefix for the paths.

If ip_vs is built in or loaded, it has a file in /proc (net/netfilter/ipvs/ip_vs_ctl.c). A module that is not loaded is
enough, because kube-proxy in ipvs mode runs `modprobe ip_vs` itself (github.com/moby/ipvs, netlink_linux.go).
`modprobe --dry-run` also succeeds for built-in code (modprobe(8)); on a node without modprobe, modules.dep lists the
module.
"""


def why_no_ipvs(shell: ProxyShell, node: Node) -> str | None:
    """Return why kube-proxy cannot run in ipvs mode on `node`, or None if it can.

    Raises `WorldError` if the kernel has ip_vs, but the node has no ipvsadm, or ipvsadm fails.
    """
    try:
        shell.run(node, "ipvsadm", "-Ln")
    except CommandFailed as failed:
        return _check_kernel(shell, node, failed)
    return None


def _check_kernel(shell: ProxyShell, node: Node, failed: CommandFailed) -> str | None:
    *missing_tool, kernel = shell.run(node, "sh", "-c", KERNEL_SCRIPT, "sh", "").strip().splitlines()
    if kernel not in (LOADED, LOADABLE):
        return f"the kernel of node {node.name} has no ip_vs: {kernel}"
    if missing_tool:
        raise WorldError(
            f"node {node.name} has ip_vs in its kernel ({kernel}) but no ipvsadm to read it with",
            remedy="the tools image lacks ipvsadm: on an existing cluster, name another image with --tools-image; "
            "create a kept kind cluster of an earlier version anew",
        )
    if kernel == LOADED:
        raise WorldError(
            f"node {node.name} has ip_vs in its kernel, but ipvsadm cannot read it: {' '.join(failed.stderr.split())}",
            detail=failed.detail,
        )
    return None
