"""Our generator beside others: the same target, the same rate, in turns."""

from collections.abc import Callable

import pytest

from harness.suite import (
    Client,
    ClientMaker,
    Cluster,
    Exchange,
    Finding,
    LoadGenerator,
    LoadPlan,
    ManifestMaker,
    Range,
    ServiceMaker,
    Target,
    Told,
    Waits,
    hey_argv,
    parse_hey,
    parse_wrk,
    range_of,
    told_by_us,
    wrk_argv,
)

RATE_PER_S = 100
SECONDS = 10
ROUNDS = 5
PROCESSORS = 2
BUSY_SECONDS = 20
PATH = "/hostname"


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_other_generators_tell_the_same(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    generator: LoadGenerator,
    seed: int,
    findings: list[Finding],
) -> None:
    """wrk and hey against ours, five turns each, on kept connections and on new ones."""
    web = make_service("web", 1, node=cluster.workers[1].name)
    client = make_client("others", node=cluster.workers[0])
    target = Target("web", web.cluster_ip, 80)

    def ours(exchange: Exchange) -> Told:
        plan = LoadPlan((target,), RATE_PER_S, SECONDS, seed, exchange, PATH, floor_s=0.0)
        return told_by_us(generator.run(plan), target)

    def hey(kept: bool) -> Told:
        return parse_hey(run(client, hey_argv(target, PATH, RATE_PER_S, SECONDS, kept=kept)))

    def wrk() -> Told:
        return parse_wrk(run(client, wrk_argv(target, PATH, RATE_PER_S, SECONDS)))

    kept = in_turns(lambda: ours(Exchange.HTTP_KEPT), lambda: hey(True), wrk)
    new = in_turns(lambda: ours(Exchange.HTTP_NEW), lambda: hey(False))
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
    make_service: ServiceMaker,
    make_client: ClientMaker,
    generator: LoadGenerator,
    seed: int,
    findings: list[Finding],
) -> None:
    """p99 of the first packet, idle and with a busy loop for each processor, and what hey says of it."""
    web = make_service("web", 1, node=cluster.workers[1].name)
    client = make_client("others", node=cluster.workers[0])
    target = Target("web", web.cluster_ip, 80)

    def look() -> tuple[Told, Told, Told]:
        result = generator.run(LoadPlan((target,), RATE_PER_S, BUSY_SECONDS, seed, floor_s=0.0))
        hey = parse_hey(run(client, hey_argv(target, PATH, RATE_PER_S, SECONDS, kept=False)))
        return told_by_us(result, target, "kernel"), told_by_us(result, target), hey

    idle = look()
    for number in range(PROCESSORS):
        create("burner.yaml", name=f"burner-{number}", node=cluster.workers[number % 2].name)
    waits.wait_pods_ready(namespace, "app=burner", PROCESSORS)
    busy = look()
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


def in_turns(*generators: Callable[[], Told]) -> dict[str, list[Told]]:
    """What each has told, turn by turn."""
    told: dict[str, list[Told]] = {}
    for _ in range(ROUNDS):
        for generator in generators:
            found = generator()
            told.setdefault(found.generator, []).append(found)
    return told


def finding(told: dict[str, list[Told]], how: str, cluster: Cluster) -> Finding:
    """Each generator's medians and tails of all turns, side by side."""
    p50 = {name: range_of([one.p50_us for one in turns]) for name, turns in told.items()}
    p99 = {name: range_of([one.p99_us for one in turns]) for name, turns in told.items()}
    words = "; ".join(f"{name} p50 {p50[name]} us, p99 {p99[name]} us" for name in told)
    apart = [name for name in told if apart_from(p50["ours"], p50[name], told[name][0].resolution_us)]
    end = f"; p50 of {' and '.join(apart)} lies apart from ours" if apart else "; medians agree"
    numbers = {f"{name}_p50_us": round(found.value, 1) for name, found in p50.items()}
    statement = f"{RATE_PER_S} requests a second {how}, {cluster.mode} mode: {words}{end}."
    return Finding("side by side", statement, numbers, f"{ROUNDS} turns of {SECONDS} s each")


def apart_from(ours: Range, theirs: Range, resolution_us: float) -> bool:
    """The turns' ends have nothing in common, by more than what the other can tell apart."""
    return ours.low - resolution_us > theirs.high or theirs.low > ours.high + resolution_us
