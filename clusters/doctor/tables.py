"""Trying kube-proxy's kinds of rules in a network namespace of our own; the host's own tables stay untouched.

The rules below are of the shapes that kube-proxy writes (kubernetes/kubernetes, pkg/proxy/iptables/proxier.go
and pkg/proxy/nftables/proxier.go), with addresses of the documentation network.
"""

from __future__ import annotations

from dataclasses import dataclass

from clusters.doctor.host import Host
from clusters.errors import CommandFailed

TRY_TIMEOUT_S = 5.0
"""A try takes about 10 ms; the kernel may have to load modules first."""

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
class Tried:
    """`works` is None where it could not be tried; `said` is the program's last line, or why it was not tried."""

    works: bool | None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A network namespace of our own, made for each try and gone with it."""

    host: Host
    way_in: tuple[str, ...] | None

    @classmethod
    def enter(cls, host: Host) -> Laboratory:
        """With root's rights, or in a user namespace; `way_in` is None where neither is allowed."""
        ways = (AS_ROOT, AS_USER) if host.is_root() else (AS_USER,)
        for way_in in ways:
            try:
                host.run(*way_in, "true", timeout_s=TRY_TIMEOUT_S)
            except CommandFailed:
                continue
            return cls(host, way_in)
        return cls(host, None)

    def attempt(self, *argv: str, stdin: str | None = None) -> Tried:
        """Run a program in a new namespace."""
        if self.way_in is None:
            return Tried(None, "no network namespace of our own can be made here")
        if self.host.which(argv[0]) is None:
            return Tried(None, f"no {argv[0]} on this host to try it with")
        try:
            self.host.run(*self.way_in, *argv, stdin=stdin, timeout_s=TRY_TIMEOUT_S)
        except CommandFailed as failure:
            said = (failure.stderr.strip() or failure.message).splitlines()[0]
            # A user namespace may not load modules that root could: a failure there proves nothing.
            return Tried(False if self.way_in == AS_ROOT else None, said)
        return Tried(True)
