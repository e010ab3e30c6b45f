"""Checks whether the kernel supports the rules that kube-proxy writes in each mode."""

from __future__ import annotations

from dataclasses import replace

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.doctor.kernel import Feature
from clusters.doctor.tables import IPSET, IPTABLES_RULES, IPVS_SERVICE, NFT_RULES, Attempt
from clusters.modes import REQUIREMENTS, KernelPart, modes_that_need
from clusters.spec import Mode, Source, Substrate

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
WITH_IPTABLES = modes_that_need(KernelPart.IPTABLES)


def check_nftables(facts: Facts) -> tuple[Check, ...]:
    """Check nf_tables, which nftables mode needs, and the leak guard in every mode."""
    attempt = facts.trial_namespace.attempt("nft", "--file", "-", stdin=NFT_RULES)
    if "syntax error" in attempt.message:
        # The nft program is too old for the rules; this proves nothing about the kernel.
        attempt = replace(attempt, works=None)
    supported, how = _support(facts, attempt, NFT)
    return (
        _check(
            "kernel: nftables",
            supported,
            how,
            cause="the leak guard of every mode and nftables mode itself need nf_tables",
            remedy="use a kernel with nf_tables and its nat, masq, numgen, fib and reject parts",
        ),
    )


def check_kernel_version(facts: Facts) -> tuple[Check, ...]:
    """Report the modes that kube-proxy refuses on a kernel of this age."""
    return tuple(
        Check(
            "kernel: version",
            Verdict.UNFIT,
            facts.kernel.release,
            f"kube-proxy refuses {mode} mode on a kernel older than {oldest[0]}.{oldest[1]}",
            "use a newer kernel, or another mode",
            modes=frozenset({mode}),
        )
        for mode, requirements in REQUIREMENTS.items()
        if (oldest := requirements.oldest_kernel) is not None and facts.kernel.version < oldest
    )


def check_iptables(facts: Facts) -> tuple[Check, ...]:
    """Check support for iptables rules, by the nf_tables backend or by the legacy backend."""
    on_nft, how_on_nft = _support(
        facts, facts.trial_namespace.attempt("iptables-nft-restore", stdin=IPTABLES_RULES), IPTABLES_ON_NFT
    )
    if on_nft is not False:
        return (_iptables(on_nft, f"on nf_tables: {how_on_nft}"),)
    legacy, how_legacy = _support(
        facts, facts.trial_namespace.attempt("iptables-legacy-restore", stdin=IPTABLES_RULES), IPTABLES_LEGACY
    )
    if legacy is False:
        return (_iptables(False, f"on nf_tables: {how_on_nft}; legacy: {how_legacy}"),)
    return (
        _check(
            "kernel: iptables on nf_tables",
            False,
            how_on_nft,
            cause="nodes of source built have only iptables' nf_tables backend, which this kernel does not support",
            remedy="use --image-source=registry, whose nodes also have the legacy backend",
            modes=WITH_IPTABLES,
            sources=frozenset({Source.BUILT}),
            substrates=ON_HOST,
        ),
        _iptables(legacy, f"legacy: {how_legacy}"),
    )


def check_ipvs(facts: Facts) -> tuple[Check, ...]:
    """Check ip_vs and ipset in the host's kernel, which ipvs mode needs."""
    supported, how = ip_vs(facts)
    sets, how_sets = _support(facts, facts.trial_namespace.attempt(*IPSET), IPSETS)
    remedy = "use substrate uml, which does not need them in the host's kernel, or a kernel that has them"
    return (
        _check(
            *("kernel: ip_vs", supported, how, "the host's kernel does not support ipvs mode", remedy),
            modes=modes_that_need(KernelPart.IP_VS),
            substrates=ON_HOST,
        ),
        _check(
            *("kernel: ipset", sets, how_sets, "ipvs mode keeps addresses in ipsets", remedy),
            modes=modes_that_need(KernelPart.IPSET),
            substrates=ON_HOST,
        ),
    )


def ip_vs(facts: Facts) -> tuple[bool | None, str]:
    """Return whether the kernel has ip_vs (None if that is not known), and the evidence."""
    if facts.host.exists("/proc/net/ip_vs"):
        return True, "/proc/net/ip_vs exists"
    return _support(facts, facts.trial_namespace.attempt(*IPVS_SERVICE), IPVS)


def _iptables(supported: bool | None, how: str) -> Check:
    return _check(
        "kernel: iptables",
        supported,
        how,
        cause="iptables and ipvs mode need the matches and targets of kube-proxy's rules",
        remedy="use a kernel with the named netfilter xt modules, or mode nftables",
        modes=WITH_IPTABLES,
        substrates=ON_HOST,
    )


def _support(facts: Facts, attempt: Attempt, features: tuple[Feature, ...]) -> tuple[bool | None, str]:
    """Return whether the kernel supports the rules, and the evidence.

    The attempt decides; if nothing could be tried, the kernel's configuration and modules. None means not known.
    """
    if attempt.works:
        return True, "tried in a separate network namespace"
    missing = facts.kernel.missing(features)
    if attempt.works is False:
        named = f"; the kernel lacks {', '.join(missing)}" if missing else ""
        return False, f"{attempt.message}{named}"
    if missing is None:
        return None, f"{attempt.message}, and the kernel's configuration cannot be read"
    if missing:
        return False, f"the kernel lacks {', '.join(missing)}"
    return True, "present in the kernel's configuration"


def _check(
    name: str,
    supported: bool | None,
    seen: str,
    cause: str,
    remedy: str,
    modes: frozenset[Mode] = frozenset(Mode),
    sources: frozenset[Source] = frozenset(Source),
    substrates: frozenset[Substrate] = frozenset(Substrate),
) -> Check:
    if supported:
        return Check(name, Verdict.OK, seen, modes=modes, sources=sources, substrates=substrates)
    verdict = Verdict.WARNING if supported is None else Verdict.UNFIT
    cause = f"it is not known whether the kernel has it: {cause}" if supported is None else cause
    return Check(name, verdict, seen, cause, remedy, modes, sources, substrates)
