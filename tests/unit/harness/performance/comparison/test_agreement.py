import numpy as np

from harness.performance.comparison.agreement import agreements
from harness.performance.comparison.break_even import ModeCost, Pair
from reports.writers.sentences.comparison import agreement_sentence

SERVICES = (0, 500, 1000, 2000, 0, 2000)
WOBBLE_US = (0.5, -0.5, 0.4, -0.4, 0.3, -0.3)


def cost(mode, fixed_us, per_1000_us, wobble=1.0):
    steps = zip(SERVICES, WOBBLE_US, strict=True)
    return ModeCost(mode, tuple((n, fixed_us + per_1000_us * n / 1000 + wobble * us) for n, us in steps), 500.0)


def pair(ours, theirs):
    return Pair(ours, theirs, np.random.default_rng(1))


def agreement_sentences(pairs):
    return map(agreement_sentence, agreements(pairs))


HOST = pair(cost("iptables", 140, 95), cost("nftables", 110, 0))


def test_substrates_agree_if_every_difference_has_the_same_sign():
    slower = pair(cost("iptables", 420, 190), cost("nftables", 380, 5))
    assert list(agreement_sentences({"host": [HOST], "uml": [slower]})) == [
        "Substrates host and uml, iptables against nftables: they agree on the first packet without other Services, the "
        "first packet with 2,000 Services, the growth of the first packet with the number of Services."
    ]


def test_opposite_differences_come_first():
    reversed_at_zero = pair(cost("iptables", 340, 190), cost("nftables", 380, 5))
    (sentence,) = agreement_sentences({"host": [HOST], "uml": [reversed_at_zero]})
    assert sentence.startswith(
        "Substrates host and uml, iptables against nftables: they disagree on the first packet without other Services; "
        "they agree on the first packet with 2,000 Services, the growth"
    )


def test_a_difference_within_its_interval_tells_nothing():
    noisy = pair(cost("iptables", 382, 190), cost("nftables", 380, 5, wobble=60.0))
    (sentence,) = agreement_sentences({"host": [HOST], "uml": [noisy]})
    assert sentence.endswith("; the data do not tell about the first packet without other Services.")


def test_only_modes_that_both_substrates_have_are_asked_about():
    assert not list(agreement_sentences({"host": [HOST], "uml": [pair(cost("ipvs", 1, 1), cost("nftables", 1, 1))]}))
    assert not list(agreement_sentences({"host": [HOST]}))
