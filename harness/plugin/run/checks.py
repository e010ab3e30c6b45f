"""Checks of options and arguments, made before the first step.

Each raises a `UsageError` of one line that names the option, the value and what is allowed.
"""

from __future__ import annotations

import ast
import math
import re
import reprlib
from collections.abc import Callable
from pathlib import Path

from _pytest.mark.expression import Expression

from clusters.errors import Refused, UsageError
from clusters.images.lock import read_lock
from clusters.spec import ClusterSpec, Mode, Source, Substrate

NODES = (1, 100)
"""A case needs at least one worker node; a pod network of /16 has room for 256 nodes."""

LOCUST_WORKERS = (1, 100)
"""Pods on one node, whose kubelet runs at most 110 (the default of maxPods)."""

PORTS = (1, 65535)
LAST_SERVICES = (10, 30_000)
"""With 30,000 Services the published figures end (KEP-3866)."""

USUAL_SERVICES = 10_000
"""The most Services of a whole sweep: upstream's scalability threshold for a cluster."""

STEP_SECONDS = (20, 3600)
"""In 20 s a target on substrate `uml` gets some 400 connections; its median is then known to a few per cent."""

SEEDS = (0, 2**32 - 1)
"""The range that numpy and Locust's workers accept."""

REPETITIONS = (1, 10_000)

WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
PLAIN = re.compile(r"[\w.+-]{1,40}", re.ASCII)
VERSION = re.compile(r"v?[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?([-+][0-9A-Za-z.+-]{1,40})?")


def number_as_typed(typed: str) -> int | str:
    """Return the number, or the text if it is not one, since option parsers would print their whole usage instead."""
    return int(typed) if WHOLE_NUMBER.fullmatch(typed) else typed


def require_whole_number(option: str, typed: object, allowed: tuple[int, int]) -> int:
    """Return `typed` as a whole number between the ends of `allowed`."""
    lowest, highest = allowed
    number = number_as_typed(str(typed))
    if isinstance(number, str) or not lowest <= number <= highest:
        raise _refused(option, typed, f"a whole number from {lowest} to {highest}")
    return number


def whole_number(option: str, allowed: tuple[int, int]) -> Callable[[object], int]:
    """Return `require_whole_number` for one option, as the parser of a command's option."""
    return lambda typed: require_whole_number(option, typed, allowed)


def require_share(option: str, typed: object) -> float:
    """Return `typed` as a share: above 0 and up to 1."""
    try:
        share = float(str(typed))
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        raise _refused(option, typed, "a share above 0 and up to 1, such as 0.1")
    return share


def require_version(option: str, typed: str) -> str:
    """Return `typed` if it has the form of a Kubernetes version, known to us or not."""
    if not VERSION.fullmatch(typed):
        raise _refused(option, typed, "a Kubernetes version, such as 1.37.2")
    return typed


def require_release(option: str, typed: str | None) -> None:
    """Raise `UsageError` for a Kubernetes version that is not in the lock file. None selects the default."""
    try:
        read_lock().release(typed)
    except UsageError as unknown:
        raise UsageError(f"{option}={shown(typed)}: {unknown.message}", remedy=unknown.remedy) from None


def require_combination(
    mode: Mode, kubernetes: str | None, source: Source | None, substrate: Substrate | None, workers: int
) -> None:
    """Raise `Refused` for a combination that no host can run. An option that was not given (None) excludes nothing."""
    version = read_lock().release(kubernetes).version
    try:
        ClusterSpec(mode, version, source or Source.BUILT, substrate or Substrate.HOST, workers=workers)
    except Refused as refusal:
        asked = f"--proxy-mode={mode} --substrate={substrate}"
        raise Refused(f"{asked}: {refusal.message}", remedy=refusal.remedy) from None


def require_cases(named: list[str], directory: Path) -> None:
    """Raise `UsageError` for cases that do not exist; `named` is in pytest's form, `file.py::case[parameters]`."""
    for argument in named:
        path, *names = argument.partition("[")[0].split("::")
        if not (directory / path).exists():
            raise UsageError(f"there is no file or folder {path!r}")
        if names and not _defines(directory / path, names):
            raise UsageError(f"there is no case {'::'.join(names)!r} in {path}")


def require_expression(option: str, typed: str) -> None:
    """Raise `UsageError` for an invalid expression of pytest's options -k and -m."""
    try:
        Expression.compile(typed)
    except SyntaxError as unfit:
        where = f"{unfit.msg}, at column {unfit.offset}"
        raise UsageError(f"{option} {shown(typed)} is not a valid expression: {where}") from None


def _defines(file: Path, names: list[str]) -> bool:
    """Return True if the file defines or imports each name. Raises `UsageError` if the file is not Python.

    The file is parsed, not imported: the cluster is created before pytest collects.
    """
    if not file.is_file():
        return False
    try:
        parts = tuple(ast.walk(ast.parse(file.read_bytes())))
    except (SyntaxError, ValueError) as unfit:
        raise UsageError(f"{file.name} cannot be read as Python: {unfit}") from None
    defined = {part.name for part in parts if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    imported = {part.asname or part.name for part in parts if isinstance(part, ast.alias)}
    return set(names) <= defined | imported


def _refused(option: str, typed: object, allowed: str) -> UsageError:
    return UsageError(f"{option}={shown(typed)} is not allowed", remedy=f"it takes {allowed}")


def shown(typed: object) -> str:
    """Return `typed` as text, quoted and shortened unless it is plain."""
    text = str(typed)
    return text if PLAIN.fullmatch(text) else reprlib.repr(text)
