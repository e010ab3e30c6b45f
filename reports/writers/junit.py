"""JUnit XML for CI systems: a failure is Kubernetes's, an error the world's."""

from __future__ import annotations

from xml.etree import ElementTree

from reports.model import CaseResult, Outcome, RunResults

ELEMENTS = {Outcome.FAILED: "failure", Outcome.ENVIRONMENT_ERROR: "error", Outcome.SKIPPED: "skipped"}


def junit_xml(results: RunResults) -> str:
    """One test suite, its cases sorted by id."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"kubeproof.{results.run.mode}",
        timestamp=results.run.started,
        tests=str(len(results.cases)),
        failures=str(results.count(Outcome.FAILED)),
        errors=str(results.count(Outcome.ENVIRONMENT_ERROR)),
        skipped=str(results.count(Outcome.SKIPPED)),
        time=f"{sum(case.duration_s for case in results.cases):.3f}",
    )
    for case in sorted(results.cases, key=lambda case: case.id):
        suite.append(_element(case))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _element(case: CaseResult) -> ElementTree.Element:
    file, _, name = case.id.partition("::")
    element = ElementTree.Element("testcase", classname=file, name=name or file, time=f"{case.duration_s:.3f}")
    if case.outcome in ELEMENTS:
        ElementTree.SubElement(element, ELEMENTS[case.outcome], message=_printable(case.reason))
    return element


def _printable(text: str) -> str:
    """XML 1.0 knows no control characters, not even escaped ones."""
    return "".join(character for character in text if character >= " " or character in "\n\t")
