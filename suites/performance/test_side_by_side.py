"""Our generator beside others: the same target, the same rate, in turns."""

from collections.abc import Callable

import pytest

from harness.suite import (
    Client,
    ClientMaker,
    Cluster,
    Finding,
    LoadGenerator,
    LoadPlan,
    ManifestMaker,
    Range,
    Reported,
    RequestKind,
    ServiceMaker,
    Target,
    Turn,
    Waits,
    echo_argv,
    hey_argv,
    parse_hey,
    parse_wrk,
    range_of,
    reported_by_us,
    wrk_argv,
)

RATE_PER_S = 100
SECONDS, FLOOR_SECONDS = 10, 3
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
    """Where other generators run: beside ours."""
    return make_client("others", node=cluster.workers[0])


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_other_generators_tell_the_same(
    cluster: Cluster,
    target: Target,
    client: Client,
    generator: LoadGenerator,
    seed: int,
    findings: list[Finding],
) -> None:
    """wrk and hey against ours, five turns each, on kept connections and on new ones."""
    echo = Target("echo", "127.0.0.1", int(run(client, echo_argv())))

    def ours(request_kind: RequestKind) -> Turn:
        plan = LoadPlan((target,), RATE_PER_S, SECONDS, seed, request_kind, PATH, baseline_s=FLOOR_SECONDS)
        result = generator.run(plan)
        return Turn(reported_by_us(result.of(target)), reported_by_us(result.baseline))

    def hey(kept: bool) -> Turn:
        return Turn(
            parse_hey(run(client, hey_argv(target, PATH, RATE_PER_S, SECONDS, kept=kept))),
            parse_hey(run(client, hey_argv(echo, PATH, RATE_PER_S, FLOOR_SECONDS, kept=kept))),
        )

    def wrk() -> Turn:
        return Turn(
            parse_wrk(run(client, wrk_argv(target, PATH, RATE_PER_S, SECONDS))),
            parse_wrk(run(client, wrk_argv(echo, PATH, RATE_PER_S, FLOOR_SECONDS))),
        )

    kept = in_turns(lambda: ours(RequestKind.HTTP_KEPT), lambda: hey(True), wrk)
    new = in_turns(lambda: ours(RequestKind.HTTP_NEW), lambda: hey(False))
    findings += [finding(kept, "on kept connections", cluster), finding(new, "on new connections", cluster)]


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
    """p99 of the first packet, idle and with a busy loop for each processor, and what hey says of it."""

    def sample() -> tuple[Reported, Reported, Reported]:
        result = generator.run(LoadPlan((target,), RATE_PER_S, BUSY_SECONDS, seed, baseline_s=0.0))
        hey = parse_hey(run(client, hey_argv(target, PATH, RATE_PER_S, SECONDS, kept=False)))
        return reported_by_us(result.of(target), "kernel"), reported_by_us(result.of(target)), hey

    idle = sample()
    for number in range(PROCESSORS):
        create("burner.yaml", name=f"burner-{number}", node=cluster.workers[number % 2].name)
    waits.wait_pods_ready(namespace, "app=burner", PROCESSORS)
    busy = sample()
    names = ("our kernel's clock", "our own clock", "hey")
    ratios = {name: after.p99_us / before.p99_us for name, before, after in zip(names, idle, busy, strict=True)}
    told = ", ".join(f"{ratio:.2f} by {name}" for name, ratio in ratios.items())
    findings.append(
        Finding(
            "busy host",
            f"In {cluster.mode} mode p99 of a new connection, with {PROCESSORS} busy loops against none: {told}.",
            {name: round(ratio, 3) for name, ratio in ratios.items()},
            f"{RATE_PER_S} a second for {BUSY_SECONDS} s each, once",
        )
    )


def run(client: Client, argv: tuple[str, ...]) -> str:
    done = client.run(*argv)
    assert done.exit_code == 0, f"{argv[0]} ended with {done.exit_code}: {done.stderr}"
    return done.stdout


def in_turns(*generators: Callable[[], Turn]) -> dict[str, list[Turn]]:
    """What each has told, turn by turn."""
    turns: dict[str, list[Turn]] = {}
    for _ in range(ROUNDS):
        for generator in generators:
            turn = generator()
            turns.setdefault(turn.told.generator, []).append(turn)
    return turns


def finding(turns: dict[str, list[Turn]], how: str, cluster: Cluster) -> Finding:
    """Each generator's medians, tails and medians above its own floor, of all turns, side by side."""
    p50 = {name: range_of([turn.told.p50_us for turn in taken]) for name, taken in turns.items()}
    p99 = {name: range_of([turn.told.p99_us for turn in taken]) for name, taken in turns.items()}
    above = {name: range_of([turn.above_us for turn in taken]) for name, taken in turns.items()}
    words = "; ".join(
        f"{name} p50 {p50[name]} us, {above[name]} of it above its own floor, p99 {p99[name]} us" for name in turns
    )
    resolution_us = {name: taken[0].told.resolution_us for name, taken in turns.items()}
    apart = [name for name in turns if apart_from(above["ours"], above[name], resolution_us[name])]
    end = f"; above the floors {' and '.join(apart)} lies apart from ours" if apart else "; above the floors all agree"
    numbers = {f"{name}_p50_us": round(found.value, 1) for name, found in p50.items()}
    numbers |= {f"{name}_above_floor_us": round(found.value, 1) for name, found in above.items()}
    statement = f"{RATE_PER_S} requests a second {how}, {cluster.mode} mode: {words}{end}."
    return Finding("side by side", statement, numbers, f"{ROUNDS} turns of {SECONDS} s each")


def apart_from(ours: Range, theirs: Range, resolution_us: float) -> bool:
    """The turns' ends have nothing in common, by more than what the other can tell apart."""
    return ours.low - resolution_us > theirs.high or theirs.low > ours.high + resolution_us
