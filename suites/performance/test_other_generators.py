"""A comparison of our load generator with wrk and hey: the same target and rate, in turns."""

from collections.abc import Callable

import pytest

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
    findings += [finding(kept, "on persistent connections", cluster), finding(new, "on new connections", cluster)]


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
        result = generator.run(LoadPlan((target,), RATE_PER_S, BUSY_SECONDS, seed, baseline_s=0.0))
        hey = parse_hey(run(client, hey_argv(target, PATH, RATE_PER_S, SECONDS, kept=False)))
        return reported_by_kubeproof(result.of(target), "kernel"), reported_by_kubeproof(result.of(target)), hey

    idle = sample()
    for number in range(PROCESSORS):
        create("burner.yaml", name=f"burner-{number}", node=cluster.workers[number % 2].name)
    waits.wait_pods_ready(namespace, "app=burner", PROCESSORS)
    busy = sample()
    names = ("our kernel's clock", "our own clock", "hey")
    ratios = {name: after.p99_us / before.p99_us for name, before, after in zip(names, idle, busy, strict=True)}
    by_clock = ", ".join(f"{ratio:.2f} by {name}" for name, ratio in ratios.items())
    findings.append(
        Finding(
            "busy host",
            f"In {cluster.mode} mode the ratio of p99 of a new connection with {PROCESSORS} busy loops to p99 without: "
            f"{by_clock}.",
            {name: round(ratio, 3) for name, ratio in ratios.items()},
            f"{RATE_PER_S} per second for {BUSY_SECONDS} s each, once",
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


def finding(turns: dict[str, list[GeneratorResult]], how: str, cluster: Cluster) -> Finding:
    """Return p50, p99 and p50 above the loopback baseline of each generator over all turns, as a finding."""
    p50 = {name: range_of([turn.target.p50_us for turn in taken]) for name, taken in turns.items()}
    p99 = {name: range_of([turn.target.p99_us for turn in taken]) for name, taken in turns.items()}
    above = {name: range_of([turn.above_baseline_us for turn in taken]) for name, taken in turns.items()}
    words = "; ".join(
        f"{name} p50 {p50[name]} us, {above[name]} us above its loopback baseline, p99 {p99[name]} us" for name in turns
    )
    resolution_us = {name: taken[0].target.resolution_us for name, taken in turns.items()}
    apart = [name for name in turns if apart_from(above["ours"], above[name], resolution_us[name])]
    end = (
        f"; above the baselines {' and '.join(apart)} differs from ours"
        if apart
        else "; above the baselines all generators agree"
    )
    numbers = {f"{name}_p50_us": round(found.value, 1) for name, found in p50.items()}
    numbers |= {f"{name}_above_floor_us": round(found.value, 1) for name, found in above.items()}
    statement = f"With {RATE_PER_S} requests per second {how} in {cluster.mode} mode: {words}{end}."
    return Finding("side by side", statement, numbers, f"{ROUNDS} turns of {SECONDS} s each")


def apart_from(ours: Range, theirs: Range, resolution_us: float) -> bool:
    """Return whether the ranges of the turns are further apart than the other generator's resolution."""
    return ours.low - resolution_us > theirs.high or theirs.low > ours.high + resolution_us
