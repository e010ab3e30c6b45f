"""What can be checked of faults without a cluster."""

import ast
import re
from pathlib import Path

import pytest

from clusters.spec import Mode
from tests.planted import suites
from tests.planted.faults import FAULTS

REPOSITORY = Path(__file__).parents[3]
CASES = {name: case for name, case in vars(suites).items() if str(case).startswith("suites/") and "::test_" in case}


def ids(fault):
    return fault.name


def test_names_of_faults_are_unique():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=ids)
def test_every_fault_names_cases_that_must_fail_and_cases_that_must_pass(fault):
    assert fault.expect
    assert fault.bystanders
    assert not set(fault.caught_by) & set(fault.bystanders)
    assert {*fault.caught_by, *fault.bystanders} <= set(CASES.values())


@pytest.mark.parametrize("fault", FAULTS, ids=ids)
def test_every_assertion_that_a_fault_expects_to_fail_is_in_the_source(fault):
    for expected in fault.expect:
        statement = expected.statement()
        assert statement.is_assert or statement.waits, f"{expected} neither asserts nor waits"
        re.compile(expected.message)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_listed_case_exists_and_is_named_by_a_fault(case):
    file, _, function = case.partition("::")
    tree = ast.parse((REPOSITORY / file).read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert any(case in (*fault.caught_by, *fault.bystanders) for fault in FAULTS)


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_has_faults_of_its_proxy(mode):
    assert any(mode in fault.modes for fault in FAULTS)
