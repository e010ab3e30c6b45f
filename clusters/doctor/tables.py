"""Trial of kube-proxy's kinds of rules in a separate network namespace, so that the host's own tables do not change.

The rules have the forms that kube-proxy writes (kubernetes/kubernetes, pkg/proxy/iptables/proxier.go and
pkg/proxy/nftables/proxier.go), with addresses of a documentation network.
"""

from __future__ import annotations

from dataclasses import dataclass

from clusters.doctor.host import Host
from clusters.errors import CommandFailed

TRY_TIMEOUT_S = 5.0
"""The time limit of an attempt, which takes about 10 ms unless the kernel has to load modules first."""

AS_ROOT = ("unshare", "--net")
AS_USER = ("unshare", "--user", "--map-root-user", "--net")

IPTABLES_RULES = """\
*nat
:KUBEPROOF - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j KUBEPROOF
-A KUBEPROOF -m comment --comment probe -m statistic --mode random --probability 0.5 -j MARK --set-xmark 0x4000/0x4000
-A KUBEPROOF -m recent --name KUBEPROOF --rcheck --seconds 10800 --reap --rsource -j RETURN
-A KUBEPROOF -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.1:80
-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE --random-fully
COMMIT
*filter
-A FORWARD -m conntrack --ctstate NEW -j REJECT
COMMIT
"""

NFT_RULES = """\
table ip kubeproof {
  set cluster-ips { type ipv4_addr; }
  set affinity { type ipv4_addr; flags dynamic, timeout; timeout 10800s; }
  map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
  chain endpoint {
    update @affinity { ip saddr }
    meta l4proto tcp dnat to 192.0.2.1:80
  }
  chain service {
    numgen random mod 2 vmap { 0 : goto endpoint, 1 : goto endpoint }
  }
  chain prerouting {
    type nat hook prerouting priority -100;
    ip daddr . meta l4proto . th dport vmap @service-ips
    fib daddr type local counter
  }
  chain postrouting {
    type nat hook postrouting priority 100;
    meta mark & 0x4000 != 0 masquerade fully-random
  }
  chain forward {
    type filter hook forward priority -110;
    ct state new ip daddr @cluster-ips reject
  }
}
"""

IPVS_SERVICE = ("ipvsadm", "--add-service", "--tcp-service", "192.0.2.1:80", "--scheduler", "rr")
IPSET = ("ipset", "create", "KUBEPROOF", "hash:ip,port")


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of an attempt to load rules.

    `works` is None if it proves nothing. `message` is the first line of the program's error, or the reason why nothing
    was tried.
    """

    works: bool | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class TrialNamespace:
    """A separate network namespace, created for each attempt and removed with it.

    `unshare` is the command that creates it, or None if this host does not permit one.
    """

    host: Host
    unshare: tuple[str, ...] | None

    @classmethod
    def find(cls, host: Host) -> TrialNamespace:
        """Return the first namespace that the host permits: as root, or in a user namespace."""
        commands = (AS_ROOT, AS_USER) if host.is_root() else (AS_USER,)
        for unshare in commands:
            try:
                host.run(*unshare, "true", timeout_s=TRY_TIMEOUT_S)
            except CommandFailed:
                continue
            return cls(host, unshare)
        return cls(host, None)

    def attempt(self, *argv: str, stdin: str | None = None) -> Attempt:
        """Run a program in a new namespace and return the result."""
        if self.unshare is None:
            return Attempt(None, "this host does not permit a separate network namespace")
        if self.host.which(argv[0]) is None:
            return Attempt(None, f"this host has no {argv[0]} to try it with")
        try:
            self.host.run(*self.unshare, *argv, stdin=stdin, timeout_s=TRY_TIMEOUT_S)
        except CommandFailed as failure:
            message = (failure.stderr.strip() or failure.message).splitlines()[0]
            # A user namespace may not load kernel modules that root could load, so a failure there proves nothing.
            return Attempt(False if self.unshare == AS_ROOT else None, message)
        return Attempt(True)
