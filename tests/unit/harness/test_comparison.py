import json
from dataclasses import replace

import pytest

from clusters.errors import Refused, UsageError
from harness.comparison import compare, mode_cost, read_run
from reports.model import Finding, RunResults
from tests.unit.reports.sample import RUN, measured

SERVICES = (0, 100, 1000, 5000, 10000, 0)


def run(mode, per_1000_us, fixed_us=60.0, **fields):
    packets = tuple(measured(services, p50=fixed_us + per_1000_us * services / 1000) for services in SERVICES)
    narrow = tuple(
        replace(found, ci95={"p50": (found.quantiles["p50"] - 1, found.quantiles["p50"] + 1)}) for found in packets
    )
    kept = replace(narrow[0], name="request_kept", conditions={"clock": "wall", "services": 0})
    results = RunResults(run=replace(RUN, id=f"a-{mode}", mode=mode), measurements=(*narrow, kept))
    return replace(results, **fields)


IPTABLES, NFTABLES = run("iptables", 40), run("nftables", 0, fixed_us=80.0)


def test_the_mode_that_does_not_grow_is_told_with_the_number_from_which_it_costs_less():
    first, second = compare(IPTABLES, NFTABLES, (1.0, 0.1))
    assert first.startswith("With 100% of requests on new connections nftables costs less from ")
    assert "10% of requests" in second


def test_runs_of_different_hosts_or_substrates_are_never_set_side_by_side():
    other = replace(NFTABLES, run=replace(NFTABLES.run, substrate="uml"))
    with pytest.raises(Refused, match="the runs differ in substrate: host and uml"):
        list(compare(IPTABLES, other, (1.0,)))
    with pytest.raises(Refused, match="both runs are of iptables mode"):
        list(compare(IPTABLES, IPTABLES, (1.0,)))


def with_floors(results, *floors_us):
    floors = tuple(
        replace(measured(0, p50=floor_us), name="generator_floor", conditions={"clock": "kernel"})
        for floor_us in floors_us
    )
    return replace(results, measurements=(*results.measurements, *floors))


def test_a_host_that_has_become_slower_between_two_runs_is_not_taken_for_a_mode():
    ours, theirs = with_floors(IPTABLES, 14.0, 15.0), with_floors(NFTABLES, 19.5, 22.0)
    for pair in ((ours, theirs), (theirs, ours)):
        with pytest.raises(Refused, match=r"14\.0 to 15\.0 us in run a-iptables"):
            list(compare(*pair, (1.0,)))
    assert list(compare(ours, with_floors(NFTABLES, 14.5, 22.0), (1.0,)))
    assert list(compare(ours, NFTABLES, (1.0,)))


def test_a_run_whose_own_check_does_not_hold_is_compared_with_nothing():
    unsound = run("nftables", 0, findings=(Finding("self-check", "Twins are apart.", {"holds": 0}, ""),))
    with pytest.raises(Refused, match="nothing is to be concluded"):
        list(compare(IPTABLES, unsound, (1.0,)))


def test_a_run_without_a_sweep_says_how_to_make_one():
    with pytest.raises(UsageError, match="tox -e perf-iptables"):
        mode_cost(replace(IPTABLES, measurements=()))


def test_a_run_is_read_from_its_directory(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(IPTABLES.as_json()))
    assert read_run(tmp_path).run.id == "a-iptables"
    with pytest.raises(UsageError, match=r"holds no results\.json"):
        read_run(tmp_path / "none")
