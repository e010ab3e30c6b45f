from harness.performance.conclusions.swept import swept_steps
from harness.performance.sweep.step import measurements_of
from tests.fakes.cluster.sweep import median_of_step, step_of

GOOD = step_of(1000, measurements=(median_of_step(1000, 100.0, position="end"),))


def test_an_invalid_step_keeps_its_numbers_and_is_in_no_conclusion():
    bad = GOOD.invalidated("the generator lost 1 of its workers")
    (found,) = bad.measurements
    assert found.invalid_reason == "the generator lost 1 of its workers"
    assert not found.concludes
    assert found.quantiles == {"p50": 100.0}
    assert len(swept_steps(measurements_of([GOOD, bad]))) == 1
    assert GOOD.invalidated("") is GOOD


def test_a_step_keeps_every_reason_for_which_it_is_invalid():
    bad = GOOD.invalidated("the generator lost 1 of its workers").invalidated("").invalidated("a table was full")
    assert bad.invalid_reason == "the generator lost 1 of its workers; a table was full"
    (found,) = bad.measurements
    assert found.invalid_reason == bad.invalid_reason
