"""Checks of where images come from: container registries, or everything that builds them here."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from urllib.parse import urlsplit

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.doctor.stock import Stock, kind_is_built
from clusters.errors import CommandFailed
from clusters.images.lock import LOCK_FILE
from clusters.images.rootfs import APT_SOURCES, OS_RELEASE, debian_suite
from clusters.kind.fit import KindVersion, oldest_that_fits, why_unfit
from clusters.spec import Source

REACH_TIMEOUT_S = 3.0
REGISTRIES = ("https://registry-1.docker.io/v2/", "https://registry.k8s.io/v2/")
"""Where kind's node image comes from, and the images of the cases and of metrics-server."""

TOOLCHAINS_SINCE = (1, 21)
"""Since then Go fetches the toolchain that a go.mod asks for: https://go.dev/doc/toolchain."""

FROM_REGISTRY = frozenset({Source.REGISTRY})
FROM_HERE = frozenset({Source.BUILT})


def check_registry(facts: Facts) -> tuple[Check, ...]:
    """Can images be pulled?"""
    name, remedy = "container registries", "use --source=built, which needs none"
    unlocked = _not_in_lock(facts)
    if unlocked:
        seen = f"the lock file names no {' and no '.join(unlocked)} image for Kubernetes {facts.kubernetes}"
        return (Check(name, Verdict.UNFIT, seen, "it is not known what to pull", remedy, sources=FROM_REGISTRY),)
    if Stock.of(facts, Source.REGISTRY).complete:
        return (Check(name, Verdict.OK, "the engine has the images already", sources=FROM_REGISTRY),)
    unanswered = facts.host.unanswered(REGISTRIES, REACH_TIMEOUT_S)
    if unanswered:
        seen = "; ".join(f"{_host(url)} does not answer ({why})" for url, why in sorted(unanswered.items()))
        return (Check(name, Verdict.UNFIT, seen, "images cannot be pulled", remedy, sources=FROM_REGISTRY),)
    return (Check(name, Verdict.OK, f"{' and '.join(map(_host, REGISTRIES))} answer", sources=FROM_REGISTRY),)


def _not_in_lock(facts: Facts) -> list[str]:
    """Images that source registry needs and the lock file does not name."""
    wanted = {
        "node": facts.release.node_image if facts.release else "",
        "agnhost": facts.lock.agnhost_image,
        "metrics-server": facts.lock.metrics_server_image,
        "debian": facts.lock.debian_image,
    }
    return [name for name, reference in wanted.items() if not reference]


def check_kind(facts: Facts) -> tuple[Check, ...]:
    """The kind program: the user's own if it fits the Kubernetes, or one built from its Go module."""
    found = _first_version(facts, "kind", "version")
    reason = "none is installed" if found is None else why_unfit(KindVersion.parse(found[0]), facts.minor)
    if found is not None and reason is None:
        return (Check("kind", Verdict.OK, found[0]),)
    seen = reason if found is None else f"the one installed is passed over: {reason}"
    if kind_is_built(facts):
        return (Check("kind", Verdict.OK, f"built by an earlier run; {seen}"),)
    if facts.host.which("go") is not None:
        return (Check("kind", Verdict.OK, f"it will be built from its Go module; {seen}"),)
    remedy = f"install kind {oldest_that_fits(facts.minor)} or later, or a Go toolchain"
    return (Check("kind", Verdict.UNFIT, f"{seen}", "clusters are made by kind", remedy),)


def check_building(facts: Facts, stock: Stock) -> tuple[Check, ...]:
    """Everything that source built needs before its images are there, and nothing after."""
    if stock.built and stock.complete:
        seen = f"all images for Kubernetes {facts.version_of(Source.BUILT)} are built"
        return (Check("images of source built", Verdict.OK, seen, sources=FROM_HERE),)
    return (_go(facts), _mmdebstrap(facts), _pip(facts), _package_registries(facts))


def _go(facts: Facts) -> Check:
    wanted: str = tomllib.loads(LOCK_FILE.read_text())["go"]["minimum"]
    minimum = _numbers(wanted)
    remedy = f"install Go {wanted} or later: https://go.dev/dl/"
    found = _first_version(facts, "go", "version")
    if found is None:
        cause = "Kubernetes and its programs are built from Go modules"
        return Check("Go toolchain", Verdict.UNFIT, "none", cause, remedy, sources=FROM_HERE)
    seen, version = found
    if version >= minimum:
        return Check("Go toolchain", Verdict.OK, seen, sources=FROM_HERE)
    if version >= TOOLCHAINS_SINCE and _go_env(facts).get("GOTOOLCHAIN", "auto") != "local":
        seen = f"{seen}, which will fetch the toolchain of Go {wanted}"
        return Check("Go toolchain", Verdict.OK, seen, sources=FROM_HERE)
    return Check("Go toolchain", Verdict.UNFIT, seen, f"Go {wanted} is needed", remedy, sources=FROM_HERE)


def _mmdebstrap(facts: Facts) -> Check:
    if facts.host.which("mmdebstrap") is None:
        cause = "the images' root file systems are unpacked by it"
        remedy = "`sudo apt-get install mmdebstrap`, or run ./setup.sh"
        return Check("mmdebstrap", Verdict.UNFIT, "not installed", cause, remedy, sources=FROM_HERE)
    return Check("mmdebstrap", Verdict.OK, "installed", sources=FROM_HERE)


def _pip(facts: Facts) -> Check:
    try:
        facts.host.run(sys.executable, "-m", "pip", "--version", timeout_s=20)
    except CommandFailed as failure:
        cause, remedy = (
            "the load image's Python packages are fetched by it",
            "`python3 -m ensurepip` in this environment",
        )
        return Check("pip", Verdict.UNFIT, failure.message, cause, remedy, sources=FROM_HERE)
    return Check("pip", Verdict.OK, "there", sources=FROM_HERE)


def _package_registries(facts: Facts) -> Check:
    """Those that go, apt and pip are set to use, which need not be the public ones."""
    urls = tuple(url for url in (_go_proxy(facts), _debian_mirror(facts), _python_index(facts)) if url is not None)
    unanswered = facts.host.unanswered(urls, REACH_TIMEOUT_S)
    name = "package registries"
    if unanswered:
        seen = "; ".join(f"{_host(url)} does not answer ({why})" for url, why in sorted(unanswered.items()))
        return Check(
            name,
            Verdict.UNFIT,
            seen,
            "images are built from Go modules, Debian and Python packages",
            "set GOPROXY, /etc/apt/sources.list and pip's index-url to mirrors in reach",
            sources=FROM_HERE,
        )
    return Check(
        name, Verdict.OK, f"those set here answer: {', '.join(map(_host, urls)) or 'none is set'}", sources=FROM_HERE
    )


def _go_proxy(facts: Facts) -> str | None:
    """The module proxy that is asked first; None if modules come from elsewhere."""
    first = re.split(r"[,|]", _go_env(facts).get("GOPROXY", ""))[0]
    return first if first.startswith(("http://", "https://")) else None


def _go_env(facts: Facts) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads(facts.host.run("go", "env", "-json", "GOPROXY", "GOTOOLCHAIN").stdout)
    except CommandFailed:
        return {}
    return told


def _debian_mirror(facts: Facts) -> str | None:
    """The release file of the first mirror in the file that `clusters.images.rootfs` hands to mmdebstrap.

    None where there is no such file, or the host is no Debian, and mmdebstrap takes its own.
    """
    if debian_suite(facts.host.read_text(str(OS_RELEASE)) or "") is None:
        return None
    for file in APT_SOURCES:
        text = facts.host.read_text(str(file))
        match = re.search(r"^(?:URIs:|deb\s(?:\[.*?\])?)\s*(https?://\S+)", text or "", re.MULTILINE)
        if match is not None:
            return f"{match[1].rstrip('/')}/dists/{facts.lock.debian}/InRelease"
    return None


def _python_index(facts: Facts) -> str | None:
    """The index that pip is set to, or None where it takes its own."""
    try:
        settings = facts.host.run(sys.executable, "-m", "pip", "config", "list", timeout_s=20).stdout
    except CommandFailed:
        settings = ""
    match = re.search(r"^\S*\.index-url='(.+)'$", settings, re.MULTILINE)
    return None if match is None else f"{match[1].rstrip('/')}/pip/"


def _host(url: str) -> str:
    """The host alone: an address may hold a password."""
    return urlsplit(url).hostname or url


def _first_version(facts: Facts, program: str, *argv: str) -> tuple[str, tuple[int, int]] | None:
    """What a program prints of its version, or None if there is none."""
    if facts.host.which(program) is None:
        return None
    try:
        told = facts.host.run(program, *argv, timeout_s=10).stdout.strip().partition("\n")[0]
    except CommandFailed:
        return None
    return told, _numbers(told)


def _numbers(text: str) -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
