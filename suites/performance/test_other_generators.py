"""A comparison of our load generator with wrk and hey: the same target and rate, in turns."""

from collections.abc import Callable

import pytest

from harness.findings import BusyHostFinding, ClockTail, GeneratorLatency, GeneratorsFinding
from harness.load.generator import LoadGenerator
from harness.load.other_generators import (
    GeneratorResult,
    Reported,
    echo_argv,
    hey_argv,
    parse_hey,
    parse_wrk,
    reported_by_kubeproof,
    wrk_argv,
)
from harness.load.plan import LoadPlan, RequestKind, Target
from harness.performance.intervals import interval_of
from harness.statistics.comparison import Range, range_of
from harness.suite import Client, ClientMaker, Cluster, Finding, ManifestMaker, ServiceMaker, Waits

RATE_PER_S = 100
SECONDS, BASELINE_SECONDS = 10, 3
ROUNDS = 5
PROCESSORS = 2
BUSY_SECONDS = 20
PATH = "/hostname"


@pytest.fixture
def target(cluster: Cluster, make_service: ServiceMaker) -> Target:
    """A Service whose only endpoint is on another node than the generators."""
    return Target("web", make_service("web", 1, node=cluster.workers[1].name).cluster_ip, 80)


@pytest.fixture
def client(cluster: Cluster, make_client: ClientMaker) -> Client:
    """The pod of the other generators, on the node of ours."""
    return make_client("others", node=cluster.workers[0])


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_other_generators_agree(
    cluster: Cluster,
    target: Target,
    client: Client,
    generator: LoadGenerator,
    seed: int,
    findings: list[Finding],
) -> None:
    """Compare wrk and hey with our generator in five turns each, on persistent and on new connections.

    wrk is compared on persistent connections only.
    """
    echo = Target("echo", "127.0.0.1", int(run(client, echo_argv())))

    def ours(request_kind: RequestKind) -> GeneratorResult:
        plan = LoadPlan((target,), RATE_PER_S, SECONDS, seed, request_kind, PATH, baseline_s=BASELINE_SECONDS)
        result = generator.run(plan)
        return GeneratorResult(reported_by_kubeproof(result.of(target)), reported_by_kubeproof(result.baseline))

    def hey(kept: bool) -> GeneratorResult:
        return GeneratorResult(
            parse_hey(run(client, hey_argv(target, PATH, RATE_PER_S, SECONDS, kept=kept))),
            parse_hey(run(client, hey_argv(echo, PATH, RATE_PER_S, BASELINE_SECONDS, kept=kept))),
        )

    def wrk() -> GeneratorResult:
        return GeneratorResult(
            parse_wrk(run(client, wrk_argv(target, PATH, RATE_PER_S, SECONDS))),
            parse_wrk(run(client, wrk_argv(echo, PATH, RATE_PER_S, BASELINE_SECONDS))),
        )

    kept = in_turns(lambda: ours(RequestKind.HTTP_KEPT), lambda: hey(True), wrk)
    new = in_turns(lambda: ours(RequestKind.HTTP_NEW), lambda: hey(False))
    findings += [finding(kept, "persistent", cluster), finding(new, "new", cluster)]


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_the_kernels_clock_keeps_its_tail_on_a_busy_host(
    cluster: Cluster,
    waits: Waits,
    namespace: str,
    create: ManifestMaker,
    target: Target,
    client: Client,
    generator: LoadGenerator,
    seed: int,
    findings: list[Finding],
) -> None:
    """Compare p99 of the first packet on an idle host and with a busy loop per processor, by three clocks.

    The clocks are the kernel's, our generator's and hey's.
    """

    def sample() -> tuple[Reported, Reported, Reported]:
        result = generator.run(LoadPlan((target,), RATE_PER_S, BUSY_SECONDS, seed))
        hey = parse_hey(run(client, hey_argv(target, PATH, RATE_PER_S, SECONDS, kept=False)))
        return reported_by_kubeproof(result.of(target), "kernel"), reported_by_kubeproof(result.of(target)), hey

    idle = sample()
    for number in range(PROCESSORS):
        create("burner.yaml", name=f"burner-{number}", node=cluster.workers[number % 2].name)
    waits.wait_pods_ready(namespace, "app=burner", PROCESSORS)
    busy = sample()
    names = ("our kernel's clock", "our own clock", "hey")
    findings.append(
        BusyHostFinding(
            mode=cluster.mode,
            busy_loops=PROCESSORS,
            rate_per_s=RATE_PER_S,
            duration_s=BUSY_SECONDS,
            clocks=tuple(
                ClockTail(clock=name, idle_p99_us=before.p99_us, busy_p99_us=after.p99_us)
                for name, before, after in zip(names, idle, busy, strict=True)
            ),
        )
    )


def run(client: Client, argv: tuple[str, ...]) -> str:
    """Run a command in the client's pod and return its output."""
    done = client.run(*argv)
    assert done.exit_code == 0, f"{argv[0]} in pod {client.name} exited with {done.exit_code}: {done.stderr}"
    return done.stdout


def in_turns(*generators: Callable[[], GeneratorResult]) -> dict[str, list[GeneratorResult]]:
    """Run the generators in turns. Return each generator's results, turn by turn."""
    turns: dict[str, list[GeneratorResult]] = {}
    for _ in range(ROUNDS):
        for generator in generators:
            turn = generator()
            turns.setdefault(turn.target.generator, []).append(turn)
    return turns


def finding(turns: dict[str, list[GeneratorResult]], connections: str, cluster: Cluster) -> GeneratorsFinding:
    """Return p50, p99 and p50 above the loopback baseline of each generator over all turns, as a finding."""
    ours = range_of([turn.above_baseline_us for turn in turns["ours"]])
    return GeneratorsFinding(
        mode=cluster.mode,
        connections=connections,
        rate_per_s=RATE_PER_S,
        turns=ROUNDS,
        turn_s=SECONDS,
        generators=tuple(latency(name, taken, ours) for name, taken in turns.items()),
    )


def latency(generator: str, taken: list[GeneratorResult], ours: Range) -> GeneratorLatency:
    """Return the latencies of one generator over its turns; `ours` is our generator's above its baseline."""
    above, resolution_us = range_of([turn.above_baseline_us for turn in taken]), taken[0].target.resolution_us
    return GeneratorLatency(
        generator=generator,
        p50_us=interval_of(range_of([turn.target.p50_us for turn in taken])),
        p99_us=interval_of(range_of([turn.target.p99_us for turn in taken])),
        above_baseline_us=interval_of(above),
        resolution_us=resolution_us,
        differs=apart_from(ours, above, resolution_us),
    )


def apart_from(ours: Range, theirs: Range, resolution_us: float) -> bool:
    """Return whether the ranges of the turns are further apart than the other generator's resolution."""
    return ours.low - resolution_us > theirs.high or theirs.low > ours.high + resolution_us
