"""How Services behave in each mode, where the modes differ: as documented, or by a known defect."""

from dataclasses import dataclass

from harness.suite import Mode


@dataclass(frozen=True, slots=True)
class ServicesInMode:
    """The behaviour of Services in a mode.

    - `rotates_backends`: strict rotation chooses the backends of a Service, instead of independent uniform draws.
    - `node_ports_on_loopback`: a node port is reached by way of 127.0.0.1 on the node:
      https://kubernetes.io/docs/reference/networking/virtual-ips/#migrating-from-iptables-mode-to-nftables
    - `keeps_remote_endpoints`: with externalTrafficPolicy Local, a node without endpoints has the other nodes'
      endpoints in its kernel and sends connections to them without masquerading, so that replies do not come back
      through the node: https://github.com/kubernetes/kubernetes/pull/97081
    - `tells_services_apart`: two connections from one source port of a client, to two Services with the same backend,
      each get their own answers. ipvs finds an answer's connection by client and backend, and takes the newest, or
      an older one after its table was resized: https://github.com/kubernetes/kubernetes/issues/107249
    - `affinity_s`: the time-out of session affinity in seconds that a case sets; no documented value, but short enough
      to wait for. ipvs keeps a client's affinity while a connection of the client is in its table: 10 s after a reset,
      120 s after an ordinary close. If the affinity expires before that, ipvs checks it again a minute later.
    """

    rotates_backends: bool
    node_ports_on_loopback: bool
    keeps_remote_endpoints: bool
    tells_services_apart: bool
    affinity_s: int


SERVICES_IN = {
    Mode.IPTABLES: ServicesInMode(
        rotates_backends=False,
        node_ports_on_loopback=True,
        keeps_remote_endpoints=False,
        tells_services_apart=True,
        affinity_s=5,
    ),
    Mode.IPVS: ServicesInMode(
        rotates_backends=True,
        node_ports_on_loopback=False,
        keeps_remote_endpoints=True,
        tells_services_apart=False,
        affinity_s=20,
    ),
    Mode.NFTABLES: ServicesInMode(
        rotates_backends=False,
        node_ports_on_loopback=False,
        keeps_remote_endpoints=False,
        tells_services_apart=True,
        affinity_s=5,
    ),
}
"""The behaviour in every mode."""
