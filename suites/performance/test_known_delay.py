"""A calibration of the performance suite: it measures a known delay on the path."""

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from harness.findings import Conditions, KnownDelayCheck, KnownDelayFinding, MeasurementName, SelfCheckFinding
from harness.kube.nodes.shell import NodeShell
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, Target, TargetBlocks
from harness.load.records import to_measurement
from harness.performance.conclusions.self_check import check_delay
from harness.performance.known_delay import DelayablePath, NoNetem, concatenated, path_to_pod
from harness.statistics.difference import mean_interval
from harness.statistics.histogram import block_counts
from harness.statistics.line import drawn_lines
from harness.statistics.quantiles import quantile
from harness.suite import Cluster, Finding, Measurement, ProxyShell, ServiceMaker

DELAYS_US = (0, 50, 200, 1000)
RATE_PER_S, DURATION_S, ROUNDS = 100, 3, 10


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.usefixtures("undisturbed")
def test_a_known_delay_is_found_again(
    cluster: Cluster,
    shell: ProxyShell,
    node_shell: NodeShell,
    make_service: ServiceMaker,
    generator: LoadGenerator,
    seed: int,
    measurements: list[Measurement],
    findings: list[Finding],
) -> None:
    """Measure no delay and three known delays in random order in each round, and compare with the round's no delay."""
    client_node, node = cluster.workers[:2]
    web = make_service("web", 1, node=node.name)
    (pod_address,) = web.pods.values()
    path = path_to_pod(cluster.substrate, (shell, client_node), (node_shell, node), pod_address)
    require_netem(path)
    target = Target("web", web.cluster_ip, 80)
    measured: dict[int, list[TargetBlocks]] = {delay_us: [] for delay_us in DELAYS_US}
    for number, delay_us in order(seed):
        plan = LoadPlan((target,), RATE_PER_S, DURATION_S, seed + number)
        with path.delayed(delay_us):
            result = generator.run(plan)
        measured[delay_us].append(result.of(target))

    medians_us = {delay_us: [median_us(blocks) for blocks in rounds] for delay_us, rounds in measured.items()}
    longer_us = {delay_us: np.subtract(medians_us[delay_us], medians_us[0]) for delay_us in DELAYS_US[1:]}
    found = {delay_us: mean_interval(differences_us) for delay_us, differences_us in longer_us.items()}
    added_us = [float(delay_us * path.passages) for delay_us in longer_us for _ in range(ROUNDS)]
    lines = drawn_lines(added_us, np.concatenate(list(longer_us.values())).tolist(), np.random.default_rng(seed))
    findings.append(finding(check_delay(found, path.passages, lines), cluster))
    conditions = Conditions(mode=cluster.mode, substrate=cluster.substrate, clock="kernel", passages=path.passages)
    for delay_us, rounds in measured.items():
        here, blocks = replace(conditions, delay_us=delay_us), concatenated(rounds, DURATION_S)
        measurements.append(to_measurement(MeasurementName.KNOWN_DELAY, blocks, "kernel", here, result))


def finding(check: KnownDelayCheck, cluster: Cluster) -> Finding:
    """Return the self-check as a finding.

    On user-mode Linux it is no check, only a finding: timers there are those of a process and late by some 60 to 90 us.
    """
    if cluster.substrate == "host":
        return SelfCheckFinding(mode=cluster.mode, checks=(check,))
    return KnownDelayFinding(mode=cluster.mode, delay=check)


def require_netem(path: DelayablePath) -> None:
    """Skip the case if the path's kernel has no netem."""
    try:
        with path.delayed(DELAYS_US[-1]):
            return
    except NoNetem as missing:
        pytest.skip(str(missing))


def order(seed: int) -> Iterator[tuple[int, int]]:
    """Yield (number, delay in us) for each measurement: every delay once per round, in random order."""
    chance = random.Random(seed)
    for number in range(ROUNDS):
        for place, delay_us in enumerate(chance.sample(DELAYS_US, len(DELAYS_US))):
            yield number * len(DELAYS_US) + place, delay_us


def median_us(blocks: TargetBlocks) -> float:
    """Return the median of all blocks, in microseconds by the kernel's clock."""
    return quantile(block_counts(blocks.histograms("kernel")), 0.5)
