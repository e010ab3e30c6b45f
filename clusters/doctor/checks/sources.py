"""Checks of the sources of images: container registries, or the tools and package registries to build them here."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from urllib.parse import urlsplit

from clusters.doctor.check import Check, Verdict
from clusters.doctor.checks.stock import Stock, kind_is_built
from clusters.doctor.facts import Facts
from clusters.errors import CommandFailed
from clusters.images.build.rootfs import APT_SOURCES, OS_RELEASE, debian_suite
from clusters.images.lock import LOCK_FILE
from clusters.kind.program.fit import KindVersion, oldest_that_fits, why_unfit
from clusters.spec import Source

REACH_TIMEOUT_S = 3.0
REGISTRIES = ("https://registry-1.docker.io/v2/", "https://registry.k8s.io/v2/")
"""The registries of kind's node image, and of the images of the cases and of metrics-server."""

TOOLCHAINS_SINCE = (1, 21)
"""The first Go version that downloads the toolchain a go.mod requires: https://go.dev/doc/toolchain."""

FROM_REGISTRY = frozenset({Source.REGISTRY})
FROM_HERE = frozenset({Source.BUILT})


def check_registry(facts: Facts) -> tuple[Check, ...]:
    """Check that images can be pulled, or that the engine already has them."""
    name, remedy = "container registries", "use --image-source=built, which needs none"
    missing = _not_in_lock(facts)
    if missing:
        seen = f"the lock file names no {' and no '.join(missing)} image for Kubernetes {facts.kubernetes}"
        return (Check(name, Verdict.UNFIT, seen, "it is not known what to pull", remedy, sources=FROM_REGISTRY),)
    if Stock.of(facts, Source.REGISTRY).complete:
        return (Check(name, Verdict.OK, "the engine already has the images", sources=FROM_REGISTRY),)
    unanswered = facts.host.unanswered(REGISTRIES, REACH_TIMEOUT_S)
    if unanswered:
        seen = "; ".join(f"{_host(url)} does not respond ({why})" for url, why in sorted(unanswered.items()))
        return (Check(name, Verdict.UNFIT, seen, "images cannot be pulled", remedy, sources=FROM_REGISTRY),)
    return (Check(name, Verdict.OK, f"{' and '.join(map(_host, REGISTRIES))} respond", sources=FROM_REGISTRY),)


def _not_in_lock(facts: Facts) -> list[str]:
    """Return the images that source registry needs and the lock file does not name."""
    wanted = {
        "node": facts.release.node_image if facts.release else "",
        "agnhost": facts.lock.agnhost_image,
        "metrics-server": facts.lock.metrics_server_image,
        "debian": facts.lock.debian_image,
    }
    return [name for name, reference in wanted.items() if not reference]


def check_kind(facts: Facts) -> tuple[Check, ...]:
    """Check the kind program: the installed one if it fits the Kubernetes version, or one built from its Go module."""
    found = _first_version(facts, "kind", "version")
    reason = "none is installed" if found is None else why_unfit(KindVersion.parse(found[0]), facts.minor)
    if found is not None and reason is None:
        return (Check("kind", Verdict.OK, found[0]),)
    seen = reason if found is None else f"the installed one cannot be used: {reason}"
    if kind_is_built(facts):
        return (Check("kind", Verdict.OK, f"built by an earlier run; {seen}"),)
    if facts.host.which("go") is not None:
        return (Check("kind", Verdict.OK, f"it will be built from its Go module; {seen}"),)
    remedy = f"install kind {oldest_that_fits(facts.minor)} or later, or a Go toolchain"
    return (Check("kind", Verdict.UNFIT, f"{seen}", "kind creates the clusters", remedy),)


def check_building(facts: Facts, stock: Stock) -> tuple[Check, ...]:
    """Check everything that is needed to build the images of source built, unless they are built already."""
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
        return Check("Go toolchain", Verdict.UNFIT, "not installed", cause, remedy, sources=FROM_HERE)
    seen, version = found
    if version >= minimum:
        return Check("Go toolchain", Verdict.OK, seen, sources=FROM_HERE)
    if version >= TOOLCHAINS_SINCE and _go_env(facts).get("GOTOOLCHAIN", "auto") != "local":
        seen = f"{seen}, which will download the toolchain of Go {wanted}"
        return Check("Go toolchain", Verdict.OK, seen, sources=FROM_HERE)
    return Check("Go toolchain", Verdict.UNFIT, seen, f"Go {wanted} is needed", remedy, sources=FROM_HERE)


def _mmdebstrap(facts: Facts) -> Check:
    if facts.host.which("mmdebstrap") is None:
        cause = "it creates the images' root file systems"
        remedy = "`sudo apt-get install mmdebstrap`, or run ./setup.sh"
        return Check("mmdebstrap", Verdict.UNFIT, "not installed", cause, remedy, sources=FROM_HERE)
    return Check("mmdebstrap", Verdict.OK, "installed", sources=FROM_HERE)


def _pip(facts: Facts) -> Check:
    try:
        facts.host.run(sys.executable, "-m", "pip", "--version", timeout_s=20)
    except CommandFailed as failure:
        cause, remedy = (
            "it downloads the Python packages of the load image",
            "`python3 -m ensurepip` in this environment",
        )
        return Check("pip", Verdict.UNFIT, failure.message, cause, remedy, sources=FROM_HERE)
    return Check("pip", Verdict.OK, "installed", sources=FROM_HERE)


def _package_registries(facts: Facts) -> Check:
    """Check the registries that go, apt and pip are configured to use, which need not be the public ones."""
    urls = tuple(url for url in (_go_proxy(facts), _debian_mirror(facts), _python_index(facts)) if url is not None)
    unanswered = facts.host.unanswered(urls, REACH_TIMEOUT_S)
    name = "package registries"
    if unanswered:
        seen = "; ".join(f"{_host(url)} does not respond ({why})" for url, why in sorted(unanswered.items()))
        return Check(
            name,
            Verdict.UNFIT,
            seen,
            "images are built from Go modules, Debian and Python packages",
            "set GOPROXY, /etc/apt/sources.list and pip's index-url to mirrors that this host can reach",
            sources=FROM_HERE,
        )
    return Check(
        name,
        Verdict.OK,
        f"the configured ones respond: {', '.join(map(_host, urls)) or 'none is configured'}",
        sources=FROM_HERE,
    )


def _go_proxy(facts: Facts) -> str | None:
    """Return the URL of the first module proxy in GOPROXY, or None if modules come from elsewhere."""
    first = re.split(r"[,|]", _go_env(facts).get("GOPROXY", ""))[0]
    return first if first.startswith(("http://", "https://")) else None


def _go_env(facts: Facts) -> dict[str, str]:
    try:
        settings: dict[str, str] = json.loads(facts.host.run("go", "env", "-json", "GOPROXY", "GOTOOLCHAIN").stdout)
    except CommandFailed:
        return {}
    return settings


def _debian_mirror(facts: Facts) -> str | None:
    """Return the URL of the release file of the first mirror in the sources that mmdebstrap gets.

    `clusters.images.build.rootfs` passes these sources. Return None if there are none or the host is not Debian: then
    mmdebstrap uses its own default.
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
    """Return the URL of the index that pip is configured to use, or None if it uses its default."""
    try:
        settings = facts.host.run(sys.executable, "-m", "pip", "config", "list", timeout_s=20).stdout
    except CommandFailed:
        settings = ""
    match = re.search(r"^\S*\.index-url='(.+)'$", settings, re.MULTILINE)
    return None if match is None else f"{match[1].rstrip('/')}/pip/"


def _host(url: str) -> str:
    """Return only the host of a URL, because the URL may contain a password."""
    return urlsplit(url).hostname or url


def _first_version(facts: Facts, program: str, *argv: str) -> tuple[str, tuple[int, int]] | None:
    """Return the line in which a program prints its version, and the version's numbers; None if there is none."""
    if facts.host.which(program) is None:
        return None
    try:
        line = facts.host.run(program, *argv, timeout_s=10).stdout.strip().partition("\n")[0]
    except CommandFailed:
        return None
    return line, _numbers(line)


def _numbers(text: str) -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
