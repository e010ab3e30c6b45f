"""Checks of the kernel: can it hold what kube-proxy writes in each mode?"""

from __future__ import annotations

from dataclasses import replace

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.doctor.kernel import Feature
from clusters.doctor.tables import IPSET, IPTABLES_RULES, IPVS_SERVICE, NFT_RULES, Tried
from clusters.spec import Mode, Source, Substrate

OLDEST_FOR_NFTABLES = (5, 13)
"""kube-proxy refuses nftables mode below it: kubernetes/kubernetes, pkg/util/kernel/constants.go."""

TABLES = (Feature("NF_TABLES", "nf_tables"), Feature("NF_TABLES_IPV4"))
NFT = (
    *TABLES,
    Feature("NFT_CT", "nft_ct"),
    Feature("NFT_NAT", "nft_chain_nat"),
    Feature("NFT_MASQ", "nft_masq"),
    Feature("NFT_NUMGEN", "nft_numgen"),
    Feature("NFT_FIB_IPV4", "nft_fib_ipv4"),
    Feature("NFT_REJECT_IPV4", "nft_reject_ipv4"),
)
MATCHES = (
    Feature("NETFILTER_XT_MARK", "xt_mark"),
    Feature("NETFILTER_XT_NAT", "xt_nat"),
    Feature("NETFILTER_XT_TARGET_MASQUERADE", "xt_MASQUERADE"),
    Feature("NETFILTER_XT_MATCH_ADDRTYPE", "xt_addrtype"),
    Feature("NETFILTER_XT_MATCH_COMMENT", "xt_comment"),
    Feature("NETFILTER_XT_MATCH_CONNTRACK", "xt_conntrack"),
    Feature("NETFILTER_XT_MATCH_RECENT", "xt_recent"),
    Feature("NETFILTER_XT_MATCH_STATISTIC", "xt_statistic"),
    Feature("IP_NF_TARGET_REJECT", "ipt_REJECT"),
)
IPTABLES_ON_NFT = (*TABLES, Feature("NFT_COMPAT", "nft_compat"), *MATCHES)
IPTABLES_LEGACY = (Feature("IP_NF_NAT", "iptable_nat"), Feature("IP_NF_FILTER", "iptable_filter"), *MATCHES)
IPVS = (Feature("IP_VS", "ip_vs"), Feature("IP_VS_RR", "ip_vs_rr"))
IPSETS = (
    Feature("IP_SET", "ip_set"),
    Feature("IP_SET_HASH_IP", "ip_set_hash_ip"),
    Feature("IP_SET_HASH_IPPORT", "ip_set_hash_ipport"),
    Feature("IP_SET_HASH_IPPORTIP", "ip_set_hash_ipportip"),
    Feature("IP_SET_HASH_IPPORTNET", "ip_set_hash_ipportnet"),
    Feature("IP_SET_BITMAP_PORT", "ip_set_bitmap_port"),
    Feature("NETFILTER_XT_SET", "xt_set"),
)
ON_HOST = frozenset({Substrate.HOST})
WITH_IPTABLES = frozenset({Mode.IPTABLES, Mode.IPVS})


def check_nftables(facts: Facts) -> tuple[Check, ...]:
    """nf_tables: what nftables mode writes, and what the leak guard of every mode needs."""
    tried = facts.laboratory.attempt("nft", "--file", "-", stdin=NFT_RULES)
    if "syntax error" in tried.said:
        # An nft too old for the rules says nothing about the kernel.
        tried = replace(tried, works=None)
    holds, how = _settled(facts, tried, NFT)
    checks = [
        _check(
            "kernel: nftables",
            holds,
            how,
            cause="the leak guard of every mode and nftables mode itself need nf_tables",
            remedy="use a kernel with nf_tables and its nat, masq, numgen, fib and reject parts",
        )
    ]
    if facts.kernel.version < OLDEST_FOR_NFTABLES:
        checks.append(
            Check(
                "kernel: version",
                Verdict.UNFIT,
                facts.kernel.release,
                "kube-proxy refuses nftables mode on a kernel older than 5.13",
                "use a newer kernel, or another mode",
                modes=frozenset({Mode.NFTABLES}),
            )
        )
    return tuple(checks)


def check_iptables(facts: Facts) -> tuple[Check, ...]:
    """iptables' rules, through nf_tables or through the kernel's old tables."""
    on_nft, how_on_nft = _settled(
        facts, facts.laboratory.attempt("iptables-nft-restore", stdin=IPTABLES_RULES), IPTABLES_ON_NFT
    )
    if on_nft is not False:
        return (_iptables(on_nft, f"on nf_tables: {how_on_nft}"),)
    legacy, how_legacy = _settled(
        facts, facts.laboratory.attempt("iptables-legacy-restore", stdin=IPTABLES_RULES), IPTABLES_LEGACY
    )
    if legacy is False:
        return (_iptables(False, f"on nf_tables: {how_on_nft}; legacy: {how_legacy}"),)
    return (
        _check(
            "kernel: iptables on nf_tables",
            False,
            how_on_nft,
            cause="nodes of source built speak iptables on nf_tables only, which this kernel cannot hold",
            remedy="use --source=registry, whose nodes can also use the kernel's old tables",
            modes=WITH_IPTABLES,
            sources=frozenset({Source.BUILT}),
            substrates=ON_HOST,
        ),
        _iptables(legacy, f"legacy: {how_legacy}"),
    )


def check_ipvs(facts: Facts) -> tuple[Check, ...]:
    """ip_vs and the ipsets beside it, in the host's kernel."""
    holds, how = ip_vs(facts)
    sets, how_sets = _settled(facts, facts.laboratory.attempt(*IPSET), IPSETS)
    remedy = "substrate uml carries ipvs mode without the host's kernel; or use a kernel that has them"
    in_ipvs = frozenset({Mode.IPVS})
    return (
        _check(
            *("kernel: ip_vs", holds, how, "the host's kernel carries no ipvs mode", remedy),
            modes=in_ipvs,
            substrates=ON_HOST,
        ),
        _check(
            *("kernel: ipset", sets, how_sets, "ipvs mode keeps its addresses in ipsets", remedy),
            modes=in_ipvs,
            substrates=ON_HOST,
        ),
    )


def ip_vs(facts: Facts) -> tuple[bool | None, str]:
    """Has the kernel ip_vs, and how do we know?"""
    if facts.host.exists("/proc/net/ip_vs"):
        return True, "/proc/net/ip_vs is there"
    return _settled(facts, facts.laboratory.attempt(*IPVS_SERVICE), IPVS)


def _iptables(holds: bool | None, how: str) -> Check:
    return _check(
        "kernel: iptables",
        holds,
        how,
        cause="iptables and ipvs mode need the matches and targets of kube-proxy's rules",
        remedy="use a kernel with the netfilter xt parts named here, or mode nftables",
        modes=WITH_IPTABLES,
        substrates=ON_HOST,
    )


def _settled(facts: Facts, tried: Tried, features: tuple[Feature, ...]) -> tuple[bool | None, str]:
    """What the try showed, otherwise what the kernel's configuration and modules say."""
    if tried.works:
        return True, "tried in a network namespace of our own"
    missing = facts.kernel.missing(features)
    if tried.works is False:
        named = f"; the kernel lacks {', '.join(missing)}" if missing else ""
        return False, f"{tried.said}{named}"
    if missing is None:
        return None, f"{tried.said}, and the kernel's configuration cannot be read"
    if missing:
        return False, f"the kernel lacks {', '.join(missing)}"
    return True, "the kernel's configuration has it"


def _check(
    name: str,
    holds: bool | None,
    seen: str,
    cause: str,
    remedy: str,
    modes: frozenset[Mode] = frozenset(Mode),
    sources: frozenset[Source] = frozenset(Source),
    substrates: frozenset[Substrate] = frozenset(Substrate),
) -> Check:
    if holds:
        return Check(name, Verdict.OK, seen, modes=modes, sources=sources, substrates=substrates)
    verdict = Verdict.WARNING if holds is None else Verdict.UNFIT
    cause = f"it could not be found out whether the kernel has it: {cause}" if holds is None else cause
    return Check(name, verdict, seen, cause, remedy, modes, sources, substrates)
