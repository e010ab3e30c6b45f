"""The options of a run, and the request that they make: which cluster, in which mode, built from what."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from clusters.errors import UsageError
from clusters.existing.contexts import require_context
from clusters.host.patience import DEFAULT, Patience, host_patience
from clusters.images.named import OPTIONS, NamedImages
from clusters.spec import Mode, Source, Substrate
from harness.plugin.run.checks import (
    LAST_SERVICES,
    NODES,
    REPETITIONS,
    SEEDS,
    STEP_SECONDS,
    USUAL_SERVICES,
    number_as_typed,
    require_cases,
    require_combination,
    require_expression,
    require_release,
    require_whole_number,
    shown,
)

AUTO = "auto"
EXISTING = "existing"
"""The mode, source and substrate that a report shows for an existing cluster before or where they are not known."""

WORKERS = 2
KIND_ONLY = ("image_source", "substrate", "kubernetes", "cluster_workers", "keep_cluster", "reuse_cluster")
"""Options that only apply to a kind cluster that the run creates."""

NO_IMAGES = NamedImages()
IMAGE_HELP = {
    "load": "image of load generators and clients",
    "tools": "image of the pods, one on each node, that read kube-proxy's rules",
    "agnhost": "image of backends",
}

Choice = TypeVar("Choice", Mode, Source, Substrate)


@dataclass(frozen=True, slots=True)
class ClusterRequest:
    """The requested cluster: one to create in `mode`, or an existing one named by `kubeconfig` and `context`.

    `source`, `substrate` and `kubernetes` are None if the user leaves the choice to the run.
    """

    mode: Mode | None
    source: Source | None
    substrate: Substrate | None
    kubernetes: str | None
    workers: int
    kubeconfig: Path | None
    context: str | None
    keep: bool
    reuse: bool
    allow_disruptive: bool
    patience: Patience = DEFAULT
    images: NamedImages = NO_IMAGES


def image_help(name: str) -> str:
    """Return the help of an image's option: what the image is for, and which one is used by default."""
    otherwise = ", or upstream's image if none was pushed" if name == "agnhost" else ""
    return (
        f"For an existing cluster only: {IMAGE_HELP[name]}. The nodes must be able to pull it. Default: the image that "
        f"the last `kubeproof images push REGISTRY/PREFIX` on this machine pushed{otherwise}."
    )


def add_options(parser: pytest.Parser) -> None:
    """Add the options of a run."""
    group = parser.getgroup("kubeproof", "Kubeproof: the cluster under test")
    group.addoption("--proxy-mode", help=f"create a kind cluster in this mode: {', '.join(Mode)}")
    group.addoption("--image-source", default=AUTO, help=f"where images come from: {AUTO}, {', '.join(Source)}")
    group.addoption("--substrate", default=AUTO, help=f"the kernel of the rules: {AUTO}, {', '.join(Substrate)}")
    group.addoption("--kubernetes", help="Kubernetes version, one of the lock file's")
    group.addoption(
        "--cluster-workers", type=number_as_typed, help=f"worker nodes of the kind cluster (default: {WORKERS})"
    )
    group.addoption("--kubeconfig", type=Path, help="use an existing cluster from this file, with --context")
    group.addoption("--context", help="the existing cluster's context")
    group.addoption("--allow-disruptive", action="store_true", help="let cases damage an existing cluster")
    for name, option in OPTIONS.items():
        group.addoption(option, help=image_help(name))
    group.addoption("--keep-cluster", action="store_true", help="keep the cluster at the end")
    group.addoption("--reuse-cluster", action="store_true", help="use the cluster that an earlier run kept")
    group.addoption("--runs-dir", type=Path, default=Path("runs"), help="directory for the results of runs")
    group.addoption("--run-seed", type=number_as_typed, help="seed of all random choices; the report shows it")
    group.addoption(
        "--most-services",
        type=number_as_typed,
        default=USUAL_SERVICES,
        help="largest number of Services in a whole sweep",
    )
    group.addoption("--step-seconds", type=number_as_typed, help="duration of each step of a sweep (default: 40)")
    parser.addini("kubeproof_claims", "the file of claims", default="suites/claims.toml")


def read_request(config: pytest.Config) -> ClusterRequest | None:
    """Return the request that options and environment make, or None if they request no cluster. Raises `UsageError`."""
    _require_numbers(config)
    mode, kubeconfig, context = (config.getoption(name) for name in ("proxy_mode", "kubeconfig", "context"))
    if mode is None and kubeconfig is None and context is None:
        _require_nothing_of_a_cluster(config)
        return None
    _require_one_cluster(mode, kubeconfig, context)
    if mode is None:
        _require_nothing_of_ours(config)
    images = _require_images_of_existing(NamedImages(*(config.getoption(f"{name}_image") for name in OPTIONS)), mode)
    source, substrate, workers = (config.getoption(name) for name in ("image_source", "substrate", "cluster_workers"))
    request = ClusterRequest(
        mode=None if mode is None else _one_of(Mode, mode, "--proxy-mode"),
        source=None if source == AUTO else _one_of(Source, source, "--image-source"),
        substrate=None if substrate == AUTO else _one_of(Substrate, substrate, "--substrate"),
        kubernetes=config.getoption("kubernetes"),
        workers=WORKERS if workers is None else workers,
        kubeconfig=kubeconfig,
        context=context,
        keep=config.getoption("keep_cluster"),
        reuse=config.getoption("reuse_cluster"),
        allow_disruptive=config.getoption("allow_disruptive"),
        patience=host_patience(),
        images=images,
    )
    _require_possible(request)
    if not config.option.pyargs:
        require_cases(config.args, config.invocation_params.dir)
    require_expression("-k", config.option.keyword)
    require_expression("-m", config.option.markexpr)
    return request


def _require_numbers(config: pytest.Config) -> None:
    for name, allowed in (
        ("cluster_workers", NODES),
        ("most_services", LAST_SERVICES),
        ("step_seconds", STEP_SECONDS),
        ("run_seed", SEEDS),
        ("count", REPETITIONS),
    ):
        typed = config.getoption(name, None)
        if typed is not None:
            require_whole_number(f"--{name.replace('_', '-')}", typed, allowed)


def _require_possible(request: ClusterRequest) -> None:
    """Raise `UsageError` for a cluster that no host can provide."""
    if request.kubeconfig is not None and request.context is not None:
        require_context(request.kubeconfig, request.context)
    elif request.mode is not None:
        require_release("--kubernetes", request.kubernetes)
        require_combination(request.mode, request.kubernetes, request.source, request.substrate, request.workers)


def _require_nothing_of_ours(config: pytest.Config) -> None:
    """Raise `UsageError` for options that have no effect on an existing cluster."""
    for option in _given(config, KIND_ONLY):
        raise UsageError(
            f"{option} applies to a kind cluster that the run creates, and --kubeconfig names an existing one",
            remedy="leave it out, or give --proxy-mode instead of --kubeconfig and --context",
        )


def _require_nothing_of_a_cluster(config: pytest.Config) -> None:
    """Raise `UsageError` for options that have no effect without a cluster."""
    images = (f"{name}_image" for name in OPTIONS)
    for option in _given(config, (*KIND_ONLY, "allow_disruptive", *images)):
        raise UsageError(
            f"{option} applies to a cluster, and none was requested",
            remedy="give --proxy-mode, or --kubeconfig and --context",
        )


def _given(config: pytest.Config, names: Iterable[str]) -> Iterator[str]:
    """Yield the named options that were given, in the form in which they are typed."""
    for name in names:
        value, option = config.getoption(name), f"--{name.replace('_', '-')}"
        if value is True:
            yield option
        elif value not in (None, False, AUTO):
            yield f"{option}={shown(value)}"


def request_for_cluster(
    mode: Mode | None, kubeconfig: Path | None, context: str | None, images: NamedImages = NO_IMAGES
) -> ClusterRequest:
    """Return a request for a cluster that an earlier run kept, a new one, or an existing one. Raises `UsageError`."""
    if mode is None and kubeconfig is None and context is None:
        raise UsageError("no cluster was named", remedy="give a mode for a kind cluster, or a kubeconfig and a context")
    _require_one_cluster(mode, kubeconfig, context)
    _require_images_of_existing(images, mode)
    if kubeconfig is not None and context is not None:
        require_context(kubeconfig, context)
    return ClusterRequest(
        *(mode, None, None, None, WORKERS, kubeconfig, context),
        keep=False,
        reuse=True,
        allow_disruptive=False,
        patience=host_patience(),
        images=images,
    )


def _require_one_cluster(mode: object, kubeconfig: Path | None, context: str | None) -> None:
    if (kubeconfig is None) != (context is None):
        raise UsageError("an existing cluster is named by both --kubeconfig and --context, never guessed")
    if mode is not None and kubeconfig is not None:
        raise UsageError("a mode creates a cluster and --kubeconfig names an existing one: give only one of them")


def _require_images_of_existing(images: NamedImages, mode: object) -> NamedImages:
    if mode is not None and images.given:
        options = " and ".join(OPTIONS[name] for name in images.given)
        raise UsageError(f"{options} name images for an existing cluster; a kind cluster uses its own")
    return images


def read_seed(config: pytest.Config) -> int:
    """Return the seed asked for, or a new one. Raises `UsageError`."""
    seed = config.getoption("run_seed")
    return random.SystemRandom().randrange(2**31) if seed is None else require_whole_number("--run-seed", seed, SEEDS)


def _one_of(choices: type[Choice], wanted: str, option: str) -> Choice:
    try:
        return choices(wanted)
    except ValueError:
        raise UsageError(f"{option}={shown(wanted)} is unknown", remedy=f"there are: {', '.join(choices)}") from None
