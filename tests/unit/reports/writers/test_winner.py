"""The answer of a comparison, and the same as Markdown."""

from dataclasses import replace

from harness.performance.comparison.compare import compare
from reports.model import ClaimResult, Verdict
from reports.model.comparison import ProgrammingCost
from reports.writers.markdown import comparison_markdown, escaped
from reports.writers.winner import answer, not_compared, why_worse
from tests.unit.harness.performance.comparison.sample import IPTABLES, NFTABLES, run


def test_the_fastest_mode_is_named_with_its_lead_over_each_other():
    ((fastest, growth),) = answer(compare([IPTABLES, run("ipvs", 0, fixed_us=120.0), NFTABLES], ()))
    assert fastest.startswith(
        "On substrate host, nftables mode is the fastest: with 10,000 Services a first packet takes"
    )
    assert "less than in iptables mode and 40" in fastest
    assert growth.startswith("In iptables mode a first packet grows with each 1,000 Services by 40")
    assert growth.count("more than in") == 2


def test_modes_that_do_not_differ_have_no_winner():
    ((sentence,),) = answer(compare([run("iptables", 0), run("nftables", 0)], ()))
    assert sentence == "On substrate host, these runs cannot tell which mode has the fastest first packet."


def decided(results, verdict):
    claim = ClaimResult("16.1", "Round <robin> | *it* is.", verdict, "", "", ())
    return replace(results, measurements=(), claims=(claim,))


BEHAVIOUR = compare([decided(IPTABLES, Verdict.REFUTED), decided(NFTABLES, Verdict.CONFIRMED)], ())


def test_without_sweeps_the_answer_is_about_behaviour():
    assert answer(BEHAVIOUR) == (("iptables and nftables mode on substrate host behave differently in 1 of 1 claim.",),)


def test_modes_without_a_sweep_are_named():
    *_, missing = not_compared(compare([IPTABLES, NFTABLES], ()))
    assert missing == (
        "There is no sweep in ipvs mode on substrate host. `kubeproof doctor` says which modes a host can run on which "
        "substrate."
    )
    assert list(not_compared(BEHAVIOUR)) == []


def test_modes_that_were_swept_once_have_no_interval_of_what_differs_from_run_to_run():
    once, _ = not_compared(compare([IPTABLES, NFTABLES], ()))
    assert once.startswith("On substrate host each mode was swept once, so no interval contains")
    again = replace(NFTABLES, run=replace(NFTABLES.run, id="b-nftables"))
    assert len(list(not_compared(compare([IPTABLES, NFTABLES, again], ())))) == 1


def test_markdown_has_a_table_of_claims_that_differ_and_no_markup_of_others():
    text = comparison_markdown(BEHAVIOUR)
    assert "| claim | iptables on host | nftables on host |\n| --- | --- | --- |\n" in text
    assert r"| 16.1 Round \<robin\> \| \*it\* is. | refuted | confirmed |" in text
    assert escaped("a\nb\x07 [x](javascript:y)") == r"a\\nb\\x07 \[x\](javascript:y)"


def programming(**seconds):
    """Return a comparison of modes that are equally fast, with these times of syncs, one for each run."""
    compared = compare([run("ipvs", 0), run("nftables", 0)], ())
    costs = tuple(
        ProgrammingCost(run=f"{mode}-{number}", mode=mode, services=1000, sync_s=took_s, cpu_s=1.0, memory_mb=80.0)
        for mode, took in seconds.items()
        for number, took_s in enumerate(took)
    )
    return replace(compared, substrates=(replace(compared.substrates[0], programming=costs),))


def test_a_mode_programs_worse_only_if_each_of_its_runs_took_longer():
    assert list(why_worse(programming(ipvs=(90.0, 95.0), nftables=(2.0, 3.0)), "ipvs")) == [
        "on substrate host, ipvs mode: programming takes longer than in nftables mode"
    ]
    assert list(why_worse(programming(ipvs=(2.5, 95.0), nftables=(2.0, 3.0)), "ipvs")) == []
