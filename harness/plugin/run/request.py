"""What the user asked for on the command line, and the options that ask."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from clusters.errors import UsageError
from clusters.existing.contexts import require_context
from clusters.images.named import OPTIONS, NamedImages
from clusters.patience import DEFAULT, Patience, host_patience
from clusters.spec import Mode, Source, Substrate
from harness.plugin.run.checks import (
    LAST_SERVICES,
    NODES,
    REPETITIONS,
    SEEDS,
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
"""What a report says of a cluster that was there, where it would tell how one of ours is made."""

WORKERS = 2
OF_OURS = ("source", "substrate", "kubernetes", "workers", "keep", "reuse")
"""Options about how a cluster of ours is made."""

NO_IMAGES = NamedImages()
IMAGE_HELP = {
    "load": "image of load generators and clients",
    "tools": "image of the pods, one on each node, that read kube-proxy's rules",
    "agnhost": "image of backends",
}

Choice = TypeVar("Choice", Mode, Source, Substrate)


@dataclass(frozen=True, slots=True)
class ClusterRequest:
    """A cluster as asked for: made in `mode`, or found by `kubeconfig` and `context`.

    `source`, `substrate` and `kubernetes` are None where the choice is left to us.
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
    """The options of a run."""
    group = parser.getgroup("kubeproof", "Kubeproof: the cluster under test")
    group.addoption("--proxy-mode", help=f"make a kind cluster in this mode: {', '.join(Mode)}")
    group.addoption("--source", default=AUTO, help=f"where images come from: {AUTO}, {', '.join(Source)}")
    group.addoption("--substrate", default=AUTO, help=f"the kernel of the rules: {AUTO}, {', '.join(Substrate)}")
    group.addoption("--kubernetes", help="Kubernetes version, one of the lock file's")
    group.addoption(
        "--workers", type=number_as_typed, help=f"worker nodes of the cluster that is made, {WORKERS} unless given"
    )
    group.addoption("--kubeconfig", type=Path, help="use an existing cluster of this file, with --context")
    group.addoption("--context", help="the existing cluster's context")
    group.addoption("--allow-disruptive", action="store_true", help="let cases damage an existing cluster")
    for name, option in OPTIONS.items():
        group.addoption(option, help=image_help(name))
    group.addoption("--keep", action="store_true", help="keep the cluster at the end")
    group.addoption("--reuse", action="store_true", help="use the cluster that an earlier run kept")
    group.addoption("--runs-dir", type=Path, default=Path("runs"), help="where runs leave their results")
    group.addoption("--seed", type=number_as_typed, help="seed of everything random; printed in the report")
    group.addoption("--most-services", type=number_as_typed, default=10_000, help="where a whole sweep ends")
    parser.addini("kubeproof_claims", "the file of claims", default="suites/claims.toml")


def read_request(config: pytest.Config) -> ClusterRequest | None:
    """Return what options and environment ask for, or None if it is no cluster. Raises `UsageError`."""
    _require_numbers(config)
    mode, kubeconfig, context = (config.getoption(name) for name in ("proxy_mode", "kubeconfig", "context"))
    if mode is None and kubeconfig is None and context is None:
        _require_nothing_of_a_cluster(config)
        return None
    _require_one_cluster(mode, kubeconfig, context)
    if mode is None:
        _require_nothing_of_ours(config)
    images = _require_images_of_existing(NamedImages(*(config.getoption(f"{name}_image") for name in OPTIONS)), mode)
    source, substrate, workers = (config.getoption(name) for name in ("source", "substrate", "workers"))
    request = ClusterRequest(
        mode=None if mode is None else _one_of(Mode, mode, "--proxy-mode"),
        source=None if source == AUTO else _one_of(Source, source, "--source"),
        substrate=None if substrate == AUTO else _one_of(Substrate, substrate, "--substrate"),
        kubernetes=config.getoption("kubernetes"),
        workers=WORKERS if workers is None else workers,
        kubeconfig=kubeconfig,
        context=context,
        keep=config.getoption("keep"),
        reuse=config.getoption("reuse"),
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
        ("workers", NODES),
        ("most_services", LAST_SERVICES),
        ("seed", SEEDS),
        ("count", REPETITIONS),
    ):
        typed = config.getoption(name, None)
        if typed is not None:
            require_whole_number(f"--{name.replace('_', '-')}", typed, allowed)


def _require_possible(request: ClusterRequest) -> None:
    """Raises `UsageError` for a cluster that cannot be had on any host."""
    if request.kubeconfig is not None and request.context is not None:
        require_context(request.kubeconfig, request.context)
    elif request.mode is not None:
        require_release("--kubernetes", request.kubernetes)
        require_combination(request.mode, request.kubernetes, request.source, request.substrate, request.workers)


def _require_nothing_of_ours(config: pytest.Config) -> None:
    """Raises `UsageError` for options that have no effect on an existing cluster."""
    for option in _given(config, OF_OURS):
        raise UsageError(
            f"{option} says how a cluster of ours is made, and --kubeconfig names one that is there",
            remedy="leave it out, or give --proxy-mode instead of --kubeconfig and --context",
        )


def _require_nothing_of_a_cluster(config: pytest.Config) -> None:
    """Raises `UsageError` for options that have no effect without a cluster."""
    images = (f"{name}_image" for name in OPTIONS)
    for option in _given(config, (*OF_OURS, "allow_disruptive", *images)):
        raise UsageError(
            f"{option} is about a cluster, and none was asked for",
            remedy="give --proxy-mode, or --kubeconfig and --context",
        )


def _given(config: pytest.Config, names: Iterable[str]) -> Iterator[str]:
    """Yield those of the named options that were given, as they are typed."""
    for name in names:
        value, option = config.getoption(name), f"--{name.replace('_', '-')}"
        if value is True:
            yield option
        elif value not in (None, False, AUTO):
            yield f"{option}={shown(value)}"


def request_for_cluster(
    mode: Mode | None, kubeconfig: Path | None, context: str | None, images: NamedImages = NO_IMAGES
) -> ClusterRequest:
    """A cluster that an earlier run kept, or one that is made, or an existing one. Raises `UsageError`."""
    if mode is None and kubeconfig is None and context is None:
        raise UsageError("no cluster was named", remedy="a mode names one of ours, a kubeconfig and a context another")
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
        raise UsageError("a mode makes a cluster and --kubeconfig finds one: give one of them")


def _require_images_of_existing(images: NamedImages, mode: object) -> NamedImages:
    if mode is not None and images.given:
        options = " and ".join(OPTIONS[name] for name in images.given)
        raise UsageError(f"{options} name images of an existing cluster; a cluster of ours has its own")
    return images


def read_seed(config: pytest.Config) -> int:
    """Return the seed asked for, or a new one. Raises `UsageError`."""
    seed = config.getoption("seed")
    return random.SystemRandom().randrange(2**31) if seed is None else require_whole_number("--seed", seed, SEEDS)


def _one_of(choices: type[Choice], wanted: str, option: str) -> Choice:
    try:
        return choices(wanted)
    except ValueError:
        raise UsageError(f"{option}={shown(wanted)} is unknown", remedy=f"there are: {', '.join(choices)}") from None
