import pytest

from clusters.modes import REQUIREMENTS, KernelPart, Mode, ModeRequirements, Stage, modes_that_need
from clusters.spec import Source, Substrate, needs_own_kernel, why_not_on


def test_every_mode_has_requirements():
    assert set(REQUIREMENTS) == set(Mode)


@pytest.mark.parametrize("requirements", REQUIREMENTS.values())
def test_the_stages_begin_with_the_first_version_and_are_in_order(requirements):
    versions = [stage.since for stage in requirements.stages]
    assert versions == sorted(set(versions))
    assert not versions or versions[0] == (0, 0)


@pytest.mark.parametrize("requirements", REQUIREMENTS.values())
def test_a_stage_has_both_cause_and_remedy_or_is_general_availability(requirements):
    assert all(bool(stage.cause) == bool(stage.remedy) for stage in requirements.stages)
    assert all(stage.cause for stage in requirements.stages if not stage.runs)


def test_a_stage_lasts_until_the_next_one():
    alpha, ga = Stage((1, 29), "alpha"), Stage((1, 33), "generally available")
    requirements = ModeRequirements(frozenset(), stages=(alpha, ga))
    assert requirements.stage_in((1, 28)) is None
    assert requirements.stage_in((1, 29)) == requirements.stage_in((1, 32)) == alpha
    assert requirements.stage_in((1, 33)) == requirements.stage_in((1, 99)) == ga


def test_modes_are_found_by_the_kernel_part_that_they_need():
    assert modes_that_need(KernelPart.IPTABLES) >= {Mode.IPTABLES, Mode.IPVS}
    assert Mode.NFTABLES not in modes_that_need(KernelPart.IPTABLES)
    assert all(modes_that_need(part) for part in KernelPart)


def test_debians_user_mode_linux_excludes_the_modes_that_need_what_it_lacks():
    assert "without nf_tables" in why_not_on(Substrate.UML, Mode.NFTABLES, Source.REGISTRY)
    assert why_not_on(Substrate.UML, Mode.IPVS, Source.REGISTRY) is None
    assert why_not_on(Substrate.HOST, Mode.NFTABLES, Source.REGISTRY) is None


@pytest.mark.parametrize("mode", Mode)
def test_our_own_kernel_runs_every_mode(mode):
    assert why_not_on(Substrate.UML, mode, Source.BUILT) is None


def test_only_nftables_mode_needs_our_own_kernel():
    assert [mode for mode in Mode if needs_own_kernel(Substrate.UML, mode)] == [Mode.NFTABLES]
    assert not any(needs_own_kernel(Substrate.HOST, mode) for mode in Mode)
