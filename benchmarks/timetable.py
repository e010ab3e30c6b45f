"""Prints where the time of a run went, from the run's own log.

    python benchmarks/timetable.py runs/latest

Two tables in Markdown: what was built, and what ran. A case counts as alone if no other case ran at the same time.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"^\[ *(?P<at>[\d.]+)s\] (?P<kind>•| ) (?P<text>.*)$")
BUILT = re.compile(r"^ ?built (?P<what>.+?) in (?P<s>[\d.]+) s")
DONE = re.compile(r"^ ?done in (?P<s>[\d.]+) s")
CASE = re.compile(r"^ ?case (?P<what>.+) (?:passed|failed|skipped|environment error) in (?P<s>[\d.]+) s$")
ALONE_ROWS = 12
OVERLAP_S = 1.0
"""Intervals that overlap by less are one after another: durations and times in the log are rounded."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took `end_s - start_s` seconds, in seconds since the start of the run."""

    what: str
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def overlaps(self, other: Span) -> bool:
        return min(self.end_s, other.end_s) - max(self.start_s, other.start_s) > OVERLAP_S


@dataclass(frozen=True, slots=True)
class Timetable:
    """The spans of a run, read from its log."""

    built: tuple[Span, ...]
    steps: tuple[Span, ...]
    cases: tuple[Span, ...]

    @classmethod
    def read(cls, log: str) -> Timetable:
        """Read a run's log. Lines that xdist workers wrote, which count from their own start, have no duration."""
        built, steps, cases, title = [], [], [], ""
        for line in filter(None, map(LINE.match, log.splitlines())):
            at_s, text = float(line["at"]), line["text"]
            if line["kind"] == "•":
                title = text
            elif found := BUILT.match(text):
                built.append(Span(found["what"], at_s - float(found["s"]), at_s))
            elif found := DONE.match(text):
                steps.append(Span(title, at_s - float(found["s"]), at_s))
            elif found := CASE.match(text):
                cases.append(Span(found["what"], at_s - float(found["s"]), at_s))
        return cls(tuple(built), tuple(steps), tuple(cases))

    @property
    def alone(self) -> tuple[Span, ...]:
        """Return the cases that ran while no other did, in order."""
        return tuple(case for case in self.cases if not any(case.overlaps(o) for o in self.cases if o is not case))

    @property
    def concurrent(self) -> tuple[Span, ...]:
        return tuple(case for case in self.cases if case not in self.alone)


def rows(table: Timetable) -> Iterator[str]:
    """Yield the lines of both tables."""
    yield "| building | s |\n| --- | --- |"
    for span in sorted(table.built, key=lambda span: -span.duration_s):
        yield f"| {span.what} | {span.duration_s:.0f} |"
    if table.built:
        whole_s = max(span.end_s for span in table.built) - min(span.start_s for span in table.built)
        yield f"| **all, {_sum_s(table.built):.0f} s of work** | {whole_s:.0f} |"
    yield "\n| running | s |\n| --- | --- |"
    for span in table.steps:
        yield f"| {span.what} | {span.duration_s:.0f} |"
    if cases := table.concurrent:
        yield f"| **{len(cases)} cases concurrently, {_sum_s(cases):.0f} s of case time** | {_covered_s(cases):.0f} |"
    if table.alone:
        yield f"| **{len(table.alone)} cases alone, of them** | {_sum_s(table.alone):.0f} |"
    for case in sorted(table.alone, key=lambda case: -case.duration_s)[:ALONE_ROWS]:
        yield f"| {case.what.rpartition('::')[2]} | {case.duration_s:.0f} |"


def _sum_s(spans: tuple[Span, ...]) -> float:
    return sum(span.duration_s for span in spans)


def _covered_s(spans: tuple[Span, ...]) -> float:
    """Return the time in which at least one of the spans was under way."""
    covered_s = end_s = 0.0
    for span in sorted(spans, key=lambda span: span.start_s):
        covered_s += max(0.0, span.end_s - max(span.start_s, end_s))
        end_s = max(end_s, span.end_s)
    return covered_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the directory of a run")
    log = (parser.parse_args().run / "run.log").read_text(encoding="utf-8", errors="replace")
    print("\n".join(rows(Timetable.read(log))))


if __name__ == "__main__":
    main()
