"""Find the cases of a file in its source, without importing it: the cluster is made before pytest collects.

A name counts as a case if pytest would collect it: by the patterns of its options `python_functions` and
`python_classes`. Parameters are not checked, since they are known only after collection.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from clusters.errors import UsageError

ANY = "*"


@dataclass(frozen=True, slots=True)
class NamePatterns:
    """How the functions and classes that pytest collects are named: prefixes, or patterns as a shell's."""

    functions: Sequence[str] = ("test",)
    classes: Sequence[str] = ("Test",)


def has_case(file: Path, names: Sequence[str], patterns: NamePatterns) -> bool:
    """Return whether the file has the case: a function, a class, or a class and what is in it.

    Names that arrive by `import *` or from a base class are not in the file, so any fitting name counts there. Raises
    `UsageError` for a file that is not Python.
    """
    if not file.is_file():
        return False
    scope: ast.AST = _parsed(file)
    *outer, last = names
    for name in outer:
        found = _class_named(name, scope)
        if found is None:
            return _is_defined(name, scope, patterns.classes)
        if not _is_collected(found, patterns):
            return False
        if found.bases:
            return True
        scope = found
    wanted = _class_named(last, scope)
    if wanted is not None:
        return _is_collected(wanted, patterns)
    return _is_defined(last, scope, (*patterns.functions, *patterns.classes))


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except SyntaxError as unfit:
        where = f"line {unfit.lineno}: {unfit.msg}"
        raise UsageError(f"{file.name} cannot be read as Python: {where}") from None
    except ValueError as unfit:  # null bytes
        raise UsageError(f"{file.name} cannot be read as Python: {unfit}") from None


def _class_named(name: str, scope: ast.AST) -> ast.ClassDef | None:
    return next((found for found in _statements(scope) if isinstance(found, ast.ClassDef) and found.name == name), None)


def _is_collected(found: ast.ClassDef, patterns: NamePatterns) -> bool:
    """By its name, or as a `unittest.TestCase`, which may be any base class."""
    return bool(found.bases) or _fits(found.name, patterns.classes)


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(name.startswith(pattern) or fnmatchcase(name, pattern) for pattern in patterns)


def _is_defined(name: str, scope: ast.AST, patterns: Iterable[str]) -> bool:
    """Whether a name that fits is defined there, or may be by `import *`."""
    defined = set(_names(scope))
    return (name in defined or ANY in defined) and _fits(name, patterns)


def _names(scope: ast.AST) -> Iterator[str]:
    """Yield the names of functions, imports and assignments."""
    for statement in _statements(scope):
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from (alias.asname or alias.name for alias in aliases)
            case ast.Assign(targets=targets):
                yield from (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))


def _statements(scope: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a module or class, also within `if` and `try`; not those of its functions and classes."""
    for part in ast.iter_child_nodes(scope):
        if isinstance(part, ast.stmt):
            yield part
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _statements(part)
