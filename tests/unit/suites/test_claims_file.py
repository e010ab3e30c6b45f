"""The claims file and the cases' markers name the same claims and cases."""

import ast
from pathlib import Path

import pytest

from harness.run.claims import read_claims

REPOSITORY = Path(__file__).parents[3]
CLAIMS = read_claims(REPOSITORY / "suites" / "claims.toml")


def marked_claims(file):
    """Return the claims in the marker of each case of a file, by the case's pytest node ID."""
    marked = {}
    for function in ast.parse(file.read_text()).body:
        for decorator in getattr(function, "decorator_list", []):
            if ast.unparse(decorator).startswith("pytest.mark.claim("):
                claims = {ast.literal_eval(argument) for argument in decorator.args}
                marked[f"{file.relative_to(REPOSITORY)}::{function.name}"] = claims
    return marked


MARKED = {
    case: claims
    for file in sorted((REPOSITORY / "suites").rglob("test_*.py"))
    for case, claims in marked_claims(file).items()
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_lists_the_cases_whose_markers_name_it(claim):
    assert set(claim.cases) == {case for case, claims in MARKED.items() if claim.id in claims}


def test_markers_name_only_claims_of_the_file():
    assert {claim for claims in MARKED.values() for claim in claims} <= {claim.id for claim in CLAIMS}


def test_every_claim_answers_one_of_21_questions():
    assert all(claim.question for claim in CLAIMS)
    assert len({claim.question for claim in CLAIMS}) == 21
