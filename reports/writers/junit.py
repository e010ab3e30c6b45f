"""JUnit XML for CI systems. A failure is one of Kubernetes, an error one of the environment."""

from __future__ import annotations

from xml.etree import ElementTree

from reports.model import CaseResult, Outcome, RunResults
from reports.writers.readable import readable, seconds

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
ELEMENTS = {Outcome.FAILED: "failure", Outcome.ENVIRONMENT_ERROR: "error", Outcome.SKIPPED: "skipped"}


def junit_xml(results: RunResults) -> str:
    """Return one test suite with its cases sorted by id. XML 1.0 has no control characters; they appear as escapes."""
    results = readable(results)
    suite = ElementTree.Element(
        "testsuite",
        name=f"kubeproof.{results.run.mode}",
        timestamp=results.run.started,
        tests=str(len(results.cases)),
        failures=str(results.count(Outcome.FAILED)),
        errors=str(results.count(Outcome.ENVIRONMENT_ERROR)),
        skipped=str(results.count(Outcome.SKIPPED)),
        time=_time(sum(seconds(case.duration_s) for case in results.cases)),
    )
    for case in sorted(results.cases, key=lambda case: case.id):
        suite.append(_element(case))
    return f"{DECLARATION}\n{ElementTree.tostring(suite, encoding='unicode')}\n"


def _element(case: CaseResult) -> ElementTree.Element:
    file, _, name = case.id.partition("::")
    element = ElementTree.Element("testcase", classname=file, name=name or file, time=_time(case.duration_s))
    if case.outcome in ELEMENTS:
        ElementTree.SubElement(element, ELEMENTS[case.outcome], message=case.reason)
    return element


def _time(value: object) -> str:
    return f"{seconds(value):.3f}"
