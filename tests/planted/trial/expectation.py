"""The assertion that must fail while a fault is in place: find it in the source and recognise it in a failure."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from clusters.errors import UsageError
from tests.planted.trial.failure import Failure, FailureKind

REPOSITORY = Path(__file__).parents[3]
SIMPLE = (ast.Assert, ast.Assign, ast.AnnAssign, ast.Expr, ast.Return)
"""Statements that contain no other statements."""


class NoSuchAssertion(UsageError):
    """The source does not contain the assertion that an expectation names, or contains it more than once."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in a file, and the kinds of failure that it can raise."""

    file: str
    first_line: int
    last_line: int
    is_assert: bool
    waits: bool

    def raised(self, failure: Failure) -> bool:
        """Return whether this statement raised the failure: its `assert` failed, or its wait passed its deadline."""
        within = [
            frame.file == self.file and self.first_line <= frame.line <= self.last_line for frame in failure.frames
        ]
        if self.is_assert:
            return failure.kind is FailureKind.ASSERTION and within[-1:] == [True]
        return failure.kind is FailureKind.WAIT and any(within)


@dataclass(frozen=True, slots=True)
class Expectation:
    """The assertion that must fail in `case`, named by a piece of its source.

    `assertion` is a piece of the source of an `assert` (its condition or its message), or of a statement that waits and
    fails if its condition is not met in time. Any white space matches any other. The statement is the one in which the
    piece ends: to tell it from an equal statement, start the piece in the statement before it.
    `place` is "file::function" of a helper that asserts for the case; the default is the case itself.
    `message` is a regular expression that must be found in the failure's message. Use it for a statement that can also
    fail for other reasons.
    """

    case: str
    assertion: str
    place: str = ""
    message: str = ""

    def statement(self, root: Path = REPOSITORY) -> Statement:
        """Find the statement in the source below `root`. Raises `NoSuchAssertion`."""
        return find_statement(self.place or self.case, self.assertion, root)

    def meets(self, failure: Failure, root: Path = REPOSITORY) -> bool:
        """Return whether a case failed by this assertion."""
        return self.statement(root).raised(failure) and bool(re.search(self.message, failure.message))

    def __str__(self) -> str:
        return f"`{self.assertion}` of {self.place or self.case}"


def find_statement(place: str, piece: str, root: Path = REPOSITORY) -> Statement:
    """Find the statement of `place`, "file::function", in which `piece` of its source ends. Raises `NoSuchAssertion`."""
    file, _, name = place.partition("::")
    source = (root / file).read_text()
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    if len(functions) != 1:
        raise NoSuchAssertion(f"{file} has {len(functions)} functions {name}, expected 1 that contains {piece!r}")
    (function,) = functions
    pattern = r"\s+".join(map(re.escape, piece.split()))
    ends = [source.count("\n", 0, found.end()) + 1 for found in re.finditer(pattern, source)]
    ends = [line for line in ends if function.lineno <= line <= (function.end_lineno or 0)]
    if len(ends) != 1:
        raise NoSuchAssertion(f"{place} contains {piece!r} {len(ends)} times, expected once")
    for node in ast.walk(function):
        if isinstance(node, SIMPLE) and node.lineno <= ends[0] <= (node.end_lineno or 0):
            return Statement(file, node.lineno, node.end_lineno or 0, isinstance(node, ast.Assert), _waits(node))
    raise NoSuchAssertion(f"{piece!r} in {place} does not end in an assertion or another simple statement")


def _waits(statement: ast.stmt) -> bool:
    """Return whether it calls a function that fails if a condition is not met: `wait_...`, or `require` of an observation."""
    called = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    names = [found.attr if isinstance(found, ast.Attribute) else getattr(found, "id", "") for found in called]
    return any(name == "require" or name.startswith("wait_") for name in names)
