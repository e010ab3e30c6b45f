"""Tests of the checks of the kernel: rules are tried where that is possible, otherwise its configuration is read."""

import pytest

from clusters.doctor import Question, Verdict, choose_substrate, examine
from clusters.doctor.checks.rules import IPTABLES_ON_NFT, IPVS, NFT
from clusters.doctor.kernel import Feature, Kernel
from clusters.spec import Mode, Source, Substrate
from tests.fakes.host.commands import failing
from tests.fakes.host.engine import KERNEL
from tests.fakes.host.host import FakeHost

NO_IP_VS = {"/proc/net/ip_vs": None}
IPVSADM_FAILS = {"unshare --net ipvsadm": failing("unshare --net ipvsadm", "Can't initialize ipvs")}


def config(features, without=()):
    return "".join(f"CONFIG_{feature.option}=y\n" for feature in features if feature.option not in without)


def check(host, name, **question):
    return next(check for check in examine(Question(**question), host).checks if check.name == name)


def test_rules_are_tried_only_in_a_separate_network_namespace():
    host = FakeHost()
    examine(Question(), host)
    touching = ("nft --file", "iptables-nft-restore", "iptables-legacy-restore", "ipset create", "ipvsadm")
    tried = [line for line in map(" ".join, host.asked) if any(program in line for program in touching)]
    assert len(tried) >= 3
    assert all(line.startswith("unshare ") and "--net " in line for line in tried)


def test_without_root_rules_are_tried_in_a_user_namespace():
    host = FakeHost(root=False)
    assert check(host, "kernel: nftables").verdict is Verdict.OK
    assert host.asked_for("unshare --user --map-root-user --net nft")
    assert not host.asked_for("unshare --net")


def test_a_kernel_without_nf_tables_runs_no_mode():
    host = FakeHost(script={"unshare --net nft": failing("nft", "Unable to initialize Netlink socket")})
    report = examine(Question(source=Source.BUILT), host)
    assert all("kernel: nftables" in {check.name for check in report.unfit_for(mode)} for mode in Mode)


def test_an_nft_too_old_for_the_rules_proves_nothing_about_the_kernel():
    old = failing("nft", "/dev/stdin:3:1-4: Error: syntax error, unexpected flags")
    host = FakeHost(script={"unshare --net nft": old}, files={"/proc/config.gz": config(NFT)})
    assert check(host, "kernel: nftables").seen == "present in the kernel's configuration"


@pytest.mark.parametrize(("release", "fit"), [("5.12.9", False), ("5.13.0", True), ("6.18.44-fc", True)])
def test_nftables_mode_needs_kernel_5_13(release, fit):
    host = FakeHost(kernel=release, engine={"KernelVersion": release})
    assert examine(Question((Mode.NFTABLES,), Source.BUILT), host).fit is fit
    assert examine(Question((Mode.IPTABLES,), Source.BUILT), host).fit


def test_the_configuration_is_read_where_nothing_can_be_tried():
    host = FakeHost(
        script={"unshare": failing("unshare", "Operation not permitted")},
        files={"/proc/config.gz": config((*NFT, *IPTABLES_ON_NFT), without=["NETFILTER_XT_MATCH_STATISTIC"])},
    )
    assert check(host, "kernel: nftables").verdict is Verdict.OK
    found = check(host, "kernel: iptables")
    assert found.verdict is Verdict.UNFIT
    assert "NETFILTER_XT_MATCH_STATISTIC" in found.seen


def test_an_unknown_feature_is_a_warning():
    host = FakeHost(script={"unshare": failing("unshare", "Operation not permitted")})
    assert check(host, "kernel: nftables").verdict is Verdict.WARNING


def test_a_kernel_with_legacy_tables_only_runs_iptables_on_stock_nodes():
    host = FakeHost(script={"unshare --net iptables-nft-restore": failing("iptables", "table does not exist")})
    report = examine(Question((Mode.IPTABLES,), Source.BUILT), host)
    assert [check.name for check in report.unfit_for(Mode.IPTABLES)] == ["kernel: iptables on nf_tables"]
    assert check(host, "kernel: iptables").verdict is Verdict.OK


def test_ipvs_uses_substrate_host_if_the_kernel_has_ip_vs():
    assert choose_substrate(Mode.IPVS, FakeHost())[0] is Substrate.HOST


def test_ipvs_uses_substrate_uml_if_the_kernel_has_no_ip_vs():
    host = FakeHost(files=NO_IP_VS | {"/proc/config.gz": config(())}, script=IPVSADM_FAILS)
    substrate, why = choose_substrate(Mode.IPVS, host)
    assert substrate is Substrate.UML
    assert "Can't initialize ipvs; the kernel lacks IP_VS" in why
    report = examine(Question((Mode.IPVS,), Source.BUILT), host)
    assert report.fit
    (found,) = (check for check in report.checks if check.name == "kernel: ip_vs")
    assert (found.verdict, report.standing(found)) == (Verdict.UNFIT, Verdict.WARNING)


def test_other_modes_use_substrate_host():
    assert choose_substrate(Mode.NFTABLES, FakeHost(files=NO_IP_VS, script=IPVSADM_FAILS))[0] is Substrate.HOST


def test_a_module_that_can_be_loaded_is_not_missing():
    host = FakeHost(
        files=NO_IP_VS
        | {
            f"/boot/config-{KERNEL}": "CONFIG_IP_VS=m\nCONFIG_IP_VS_RR=m\n",
            f"/lib/modules/{KERNEL}/modules.dep": "kernel/net/ip_vs.ko.xz: kernel/x.ko\nkernel/net/ip-vs-rr.ko:\n",
        },
    )
    assert Kernel.read(host).missing(IPVS) == ()


def test_a_module_is_unknown_if_the_directory_of_modules_is_absent():
    host = FakeHost(files={"/proc/config.gz": "CONFIG_IP_VS=m\n"})
    kernel = Kernel.read(host)
    assert kernel.has(Feature("IP_VS", "ip_vs")) is None
    assert kernel.has(Feature("NF_TABLES", "nf_tables")) is False
