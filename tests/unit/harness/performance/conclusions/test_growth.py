"""Simulated sweeps with known growth."""

import numpy as np
import pytest

from clusters.errors import WorldError
from harness.performance.conclusions.growth import growth
from harness.performance.conclusions.swept import swept_steps
from reports.model.findings import GrowthConclusion
from tests.fakes.cluster.sweep import median_of_step, swept

SERVICES = (0, 100, 500, 1000, 1000, 500, 100, 0)


def simulated(*, per_1000_us=0.0, noise_us=1.0, drift_us=0.0, control=True, services=SERVICES, seed=5):
    """Return steps whose first packet takes 100 us at zero Services, on a host that drifts by `drift_us`."""
    generator = np.random.default_rng(seed)
    drifts_us = generator.normal(0, drift_us, len(services)) if drift_us else np.zeros(len(services))
    end_us = [
        100 + per_1000_us * number / 1000 + drift + generator.normal(0, noise_us)
        for number, drift in zip(services, drifts_us, strict=True)
    ]
    control_us = [70 + drift + generator.normal(0, noise_us) for drift in drifts_us] if control else None
    return swept(services, end_us, control_us=control_us)


def test_growth_is_that_of_the_cost_above_the_control():
    found = growth(simulated(per_1000_us=40)).finding("iptables")
    assert found.conclusion is GrowthConclusion.GROWS
    assert found.per_1000_services_us.low < 40 < found.per_1000_services_us.high
    assert (found.most_services, found.steps, found.above_control) == (1000, 8, True)
    assert found.control_us == pytest.approx(70, abs=2)
    first, *_, last = found.line
    assert (first.services, last.services) == (0, 1000)
    assert last.us.low < 30 + 40 < last.us.high


def test_the_absence_of_growth_is_reported():
    assert growth(simulated()).finding("nftables").conclusion is GrowthConclusion.NO_GROWTH


def test_drift_of_the_host_neither_causes_nor_hides_growth():
    """The drift is as large as the growth at the most Services; the control shows it too."""
    assert growth(simulated(per_1000_us=40, drift_us=40)).seen
    assert growth(simulated(drift_us=40)).absent
    raw, above = (growth(simulated(drift_us=40, control=control)) for control in (False, True))
    assert (raw.above_control, above.above_control) == (False, True)
    assert raw.per_1000_us.high - raw.per_1000_us.low > 5 * (above.per_1000_us.high - above.per_1000_us.low)


def test_a_step_that_lacks_the_control_is_left_out_of_a_sweep_that_has_one():
    steps = [*simulated(per_1000_us=40), *simulated(per_1000_us=40, control=False)[:1]]
    assert (growth(steps).above_control, growth(steps).steps) == (True, len(SERVICES))


def test_drift_from_step_to_step_is_rarely_mistaken_for_growth():
    """An interval of 95% lies above 0 by chance in 5 of 200 sweeps; in more than 12 with a probability of 1 in 500."""
    false_alarms = sum(growth(simulated(drift_us=20, control=False, seed=seed)).seen for seed in range(200))
    assert false_alarms <= 12


def test_a_sweep_too_imprecise_to_detect_growth_does_not_conclude_its_absence():
    assert growth(simulated(noise_us=20, seed=3)).finding("nftables").conclusion is GrowthConclusion.UNKNOWN


def test_growth_that_could_be_missed_is_judged_at_the_most_services_measured():
    """One us per 1,000 Services is negligible at 1,000 Services and a seventh of the first packet at 10,000."""
    services = (0, 1000, 5000, 10_000, 5000, 1000, 0)
    assert growth(swept(services, (70, 71, 70, 69, 70, 70, 70))).absent
    imprecise = growth(swept(services, (70, 78, 66, 79, 76, 70, 64)))
    assert imprecise.per_1000_us.low < 0 < imprecise.per_1000_us.high < 14
    assert not imprecise.absent


def test_packets_that_become_faster_with_more_services_allow_no_conclusion():
    found = growth(swept(SERVICES, (100, 99, 80, 60, 61, 81, 99, 101)))
    assert found.per_1000_us.high < 0
    assert found.finding("ipvs").conclusion is GrowthConclusion.UNKNOWN


def test_the_first_packet_at_zero_services_is_the_median_of_the_steps_at_zero():
    assert growth(swept((0, 100, 1000, 0), (70, 90, 110, 74))).at_zero_us == 72


def test_growth_is_that_of_a_service_whose_rule_is_really_the_last():
    """Each rule costs 50 ns on either node; the target is somewhere in the second half of the client's chain."""
    generator = np.random.default_rng(2)
    measured = []
    for number, services in enumerate((0, 100, 1000, 3000, 5000, 3000, 1000, 0)):
        here = round(services * generator.uniform(0.5, 1))
        us = 100 + 0.05 * (here + services) + generator.normal(0, 0.5)
        walked = {"rules_walked": here, "rules_walked_there": services}
        measured.append(median_of_step(services, us, number=number, position="end", **walked))
    found = growth(swept_steps(measured))
    assert found.per_1000_us.low < 100 < found.per_1000_us.high
    assert found.per_1000_us.high - found.per_1000_us.low < 2


def test_too_few_valid_steps_are_an_environment_error():
    with pytest.raises(
        WorldError, match="of the 3 valid steps of a sweep 3 have a median of the last Service, at 0, 100"
    ):
        growth(swept((0, 100, 0), (70, 80, 71)))
    with pytest.raises(WorldError, match="one of them at zero Services, are needed to fit a line"):
        growth(swept((100, 200, 300, 400), (70, 80, 90, 100)))
