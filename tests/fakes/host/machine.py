"""A fake machine. It records the programs that ran and the files that were written."""

from collections.abc import Mapping
from pathlib import Path

from tests.fakes.host.script import scripted


class FakeMachine:
    """A machine with a script that maps the beginnings of commands to outputs.

    The longest matching beginning is used; other programs print nothing. An exception in the script is raised.
    """

    def __init__(self, script: Mapping[str, str | Exception] | None = None) -> None:
        self.script = dict(script or {})
        self.ran: list[str] = []
        self.stdin: list[str] = []
        self.written: dict[str, str] = {}
        self.files: set[Path] = set()

    def run(self, argv: tuple[str, ...], *, stdin: str = "") -> str:
        line = " ".join(argv)
        self.ran.append(line)
        self.stdin.append(stdin)
        answer = scripted(self.script, line) or ""
        if isinstance(answer, Exception):
            raise answer
        return answer

    def write(self, file: Path, text: str) -> None:
        self.written[str(file)] = text

    def has(self, file: Path) -> bool:
        return file in self.files
