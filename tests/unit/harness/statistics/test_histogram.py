from hdrh.histogram import HdrHistogram

from harness.statistics.histogram import block_counts, merge


def encoded(latencies_us):
    histogram = HdrHistogram(1, 60_000_000, 3)
    for latency_us in latencies_us:
        histogram.record_value(int(latency_us))
    return histogram.encode().decode()


def test_blocks_are_decoded_separately_and_can_be_merged():
    counts = block_counts([encoded([10, 10, 20]), encoded([30])])
    assert counts.values_us.tolist() == [10, 20, 30]
    assert counts.counts.tolist() == [[2, 1, 0], [0, 0, 1]]
    assert block_counts([merge([encoded([10, 10, 20]), encoded([30])])]).counts.tolist() == [[2, 1, 1]]
