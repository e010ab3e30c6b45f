import pytest

from harness.load.plan import Block, LoadPlan, LoadResult, RequestKind, Target, TargetBlocks
from harness.performance.under_change import Part, TrafficUnderChange
from harness.statistics.histogram import encode
from reports.model import Conditions
from reports.model.findings import PartFailures

WEB = Target("web", "10.96.0.9", 80)
PLAN = LoadPlan((WEB,), rate_per_s=50, duration_s=6, seed=1, request_kind=RequestKind.HTTP_NEW, detail="/")


@pytest.fixture
def traffic():
    """Six blocks of a second from 100.0 s on, with a change from 102.2 s to 103.5 s and two failures during it."""
    blocks = [
        Block(
            number, wall=encode([200 + 100 * (number in (2, 3))] * 20), errors={"timed out": 2} if number == 2 else {}
        )
        for number in range(6)
    ]
    targets = {"web": TargetBlocks(tuple(blocks))}
    made = TrafficUnderChange(PLAN, "Roses are painted red", [(102.2, 103.5)])
    made.result = LoadResult(300, 0, 0, 0.1, 0, 100.0, targets, TargetBlocks(()))
    return made


def test_blocks_are_sorted_into_before_during_and_after(traffic):
    parts = {part: [block.number for block in blocks.blocks] for part, blocks in traffic.parts(WEB).items()}
    assert parts == {Part.BEFORE: [0, 1], Part.DURING: [2, 3], Part.AFTER: [4, 5]}


def test_each_part_has_its_own_measurement(traffic):
    found = {one.conditions.part: one for one in traffic.measurements(Conditions(mode="ipvs"))}
    assert {part: one.errors for part, one in found.items()} == {"before": 0, "during": 2, "after": 0}
    assert found["during"].quantiles["p50"] > found["after"].quantiles["p50"]


def test_failures_are_reported_for_each_part(traffic):
    finding = traffic.finding("nftables")
    assert (finding.change, finding.mode, finding.rate_per_s) == ("Roses are painted red", "nftables", 50)
    assert finding.parts == (
        PartFailures(part="before", duration_s=2.0, messages={}),
        PartFailures(part="during", duration_s=2.0, messages={"timed out": 2}),
        PartFailures(part="after", duration_s=2.0, messages={}),
    )


def test_a_part_without_requests_is_reported_as_such(traffic):
    traffic.spans_s = [(102.2, 110.0)]
    assert traffic.finding("ipvs").parts[-1] == PartFailures(part="after", duration_s=0.0, messages={})


def test_the_time_of_a_change_is_recorded_even_if_it_fails(traffic):
    with pytest.raises(RuntimeError), traffic.changing():
        raise RuntimeError("no red paint")
    assert len(traffic.spans_s) == 2
