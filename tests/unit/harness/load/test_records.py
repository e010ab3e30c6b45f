from harness.load.plan import Block, LoadResult, TargetBlocks
from harness.load.records import to_measurement
from harness.statistics.histogram import block_counts, encode
from reports.model import Conditions, MeasurementName

NOTHING = TargetBlocks(())


def blocks(*latencies_us, **fields):
    return TargetBlocks(
        tuple(
            Block(number, kernel=encode(one) if one else "", wall=encode(one) if one else "", **fields)
            for number, one in enumerate(latencies_us)
        )
    )


def result(**fields):
    kept_up = {"planned": 100, "missed": 0, "late": 0, "cpu_share": 0.1, "lost": 0, "began_s": 0.0}
    return LoadResult(**kept_up | {"targets": {}, "baseline": NOTHING} | fields)


def measured(blocks_of_target, clock="kernel", **fields):
    return to_measurement(
        MeasurementName.FIRST_PACKET,
        blocks_of_target,
        clock,
        Conditions(),
        result(**fields),
    )


def test_a_measurement_has_quantiles_with_intervals_and_counts_all_samples():
    found = measured(blocks([100] * 50, [110] * 50, [120] * 50))
    assert (found.n, found.errors, found.flags) == (150, 0, ())
    assert found.ci95["p50"][0] <= found.quantiles["p50"] <= found.ci95["p50"][1]


def test_a_quantile_with_fewer_than_ten_samples_beyond_it_is_left_out():
    """p90 needs 100 samples and p99 needs 1,000."""
    assert set(measured(blocks([100] * 150)).quantiles) == {"p50", "p90"}
    assert set(measured(blocks([100] * 99)).ci95) == {"p50"}
    assert set(measured(blocks([100] * 19)).quantiles) == set()


def test_a_measurement_has_time_slices_that_hold_every_sample():
    found = measured(blocks(*[[100 + number] for number in range(100)]), block_s=2.0)
    assert len(found.time_slices) == 75
    assert (found.time_slices[0].begin_s, found.time_slices[0].duration_s) == (0.0, 4.0)
    assert (found.time_slices[-1].begin_s, found.time_slices[-1].duration_s) == (198.0, 2.0)
    parts = block_counts([part.histogram for part in found.time_slices])
    whole = block_counts([found.histogram])
    assert parts.values_us.tolist() == whole.values_us.tolist()
    assert parts.counts.sum(axis=0).tolist() == whole.counts[0].tolist()


def test_a_short_load_has_a_time_slice_for_each_block():
    slices = measured(blocks(*[[100]] * 40)).time_slices
    assert [(part.begin_s, part.duration_s) for part in slices] == [(float(second), 1.0) for second in range(40)]


def test_all_targets_of_a_load_have_the_same_time_slices():
    whole, half = blocks(*[[100]] * 150), blocks(*[[]] * 75, *[[120]] * 75)
    together = {"targets": {"head": whole, "end": half}}
    assert [part.begin_s for part in measured(whole, **together).time_slices] == list(range(0, 150, 2))
    assert [part.begin_s for part in measured(half, **together).time_slices] == list(range(74, 150, 2))
    assert [part.begin_s for part in measured(blocks([100]), **together).time_slices] == [0.0]


def test_a_time_slice_without_samples_is_left_out():
    found = measured(blocks([100], [], [120]))
    assert [(part.begin_s, part.duration_s) for part in found.time_slices] == [(0.0, 1.0), (2.0, 1.0)]


def test_requests_without_a_sample_are_flagged():
    found = measured(blocks([100], errors={"timed out": 2}, retransmitted=1), lost=1)
    assert found.errors == 2
    assert any("2 x timed out" in flag for flag in found.flags)
    assert any("1 connections whose SYN" in flag for flag in found.flags)
    assert any("the generator lost 1 of its workers" in flag for flag in found.flags)


def test_delays_of_the_generator_are_flagged_only_for_its_own_clocks():
    assert not measured(blocks([100]), "kernel", missed=5).flags
    assert any("never started" in flag for flag in measured(blocks([100]), "wall", missed=5).flags)


def test_many_late_starts_are_flagged_for_the_kernels_clock_too():
    assert not measured(blocks([100]), "kernel", late=5).flags
    assert measured(blocks([100]), "kernel", late=6).flags == (
        "late: 6 of 100 requests started more than 5 ms after their intended start",
    )


def test_a_measurement_without_samples_has_no_quantiles():
    found = measured(NOTHING)
    assert (found.n, found.quantiles, found.time_slices, found.flags) == (0, {}, (), ("no samples",))


def test_the_time_slices_of_a_part_of_a_load_divide_that_part():
    part = TargetBlocks(blocks(*[[100]] * 160).blocks[10:])
    found = to_measurement(
        MeasurementName.UNDER_CHANGE, part, "kernel", Conditions(), result(targets={"web": part}), span=range(10, 160)
    )
    assert [one.begin_s for one in found.time_slices] == list(range(10, 160, 2))
