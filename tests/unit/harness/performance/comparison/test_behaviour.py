from dataclasses import replace

from harness.performance.comparison.behaviour import behaviour_differences, compared_claims, decides_claims
from reports.model import NOT_IN_RUN, ClaimResult, RunResults, Verdict
from reports.model.comparison import Place
from reports.writers.sentences.comparison import difference_sentence
from tests.unit.reports.sample import RUN


def claim(claim_id, verdict, condition=""):
    return ClaimResult(claim_id, f"Text of {claim_id}.", verdict, condition, "", ())


def run(mode, substrate, *claims):
    return RunResults(run=replace(RUN, mode=mode, substrate=substrate), claims=claims)


def difference_sentences(runs):
    return map(difference_sentence, behaviour_differences(compared_claims(runs)))


IPTABLES = run("iptables", "host", claim("2.5", Verdict.CONFIRMED), claim("15.4", Verdict.CONFIRMED))
NFTABLES = run("nftables", "host", claim("2.5", Verdict.CONFIRMED), claim("15.4", Verdict.REFUTED))


def test_the_claims_that_two_modes_decide_differently_are_named():
    assert list(difference_sentences([NFTABLES, IPTABLES])) == [
        "On substrate host, claims decided for both iptables mode and nftables mode: 2; with different verdicts: "
        "15.4, Text of 15.4: iptables mode confirmed, nftables mode refuted."
    ]


def test_a_claim_that_one_mode_leaves_untested_is_not_compared():
    untested = run("nftables", "host", claim("2.5", Verdict.CONFIRMED), claim("15.4", Verdict.UNTESTED))
    (sentence,) = difference_sentences([IPTABLES, untested])
    assert sentence.endswith("both iptables mode and nftables mode: 1; with different verdicts: none.")


def test_one_mode_is_compared_on_two_substrates_and_two_modes_on_different_substrates_are_not():
    on_uml = run("iptables", "uml", claim("2.5", Verdict.CONDITIONAL), claim("15.4", Verdict.CONFIRMED))
    first, second = difference_sentences([IPTABLES, NFTABLES, on_uml])
    assert first.startswith("On substrate host")
    assert second == (
        "In iptables mode, claims decided for both substrate host and substrate uml: 2; with different verdicts: "
        "2.5, Text of 2.5: substrate host confirmed, substrate uml conditional."
    )


def test_a_run_whose_cases_decide_no_claim_has_no_behaviour_to_compare():
    assert not decides_claims(run("ipvs", "uml", claim("2.5", Verdict.UNTESTED, NOT_IN_RUN)))
    assert decides_claims(run("ipvs", "uml", claim("2.5", Verdict.UNTESTED, "its case was skipped")))


def test_a_claim_has_the_verdicts_of_all_places_that_could_decide_it():
    later = run("iptables", "host", claim("2.5", Verdict.REFUTED), claim("3.1", Verdict.UNTESTED, NOT_IN_RUN))
    first, second = compared_claims([IPTABLES, NFTABLES, later])
    on_host = [Place(substrate="host", mode=mode) for mode in ("iptables", "nftables", "ipvs")]
    assert (first.id, [first.verdict(place) for place in on_host]) == (
        "2.5",
        [Verdict.REFUTED, Verdict.CONFIRMED, None],
    )
    assert (first.differs, second.id, second.differs) == (True, "15.4", False)
