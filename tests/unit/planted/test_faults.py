"""What faults promise, as far as it can be seen without a cluster."""

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


def test_every_fault_has_a_name_of_its_own():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=ids)
def test_every_fault_has_cases_on_both_sides(fault):
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
def test_cases_that_faults_name_exist_and_are_named_by_one(case):
    file, _, function = case.partition("::")
    tree = ast.parse((REPOSITORY / file).read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert any(case in (*fault.caught_by, *fault.bystanders) for fault in FAULTS)


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_has_faults_of_its_proxy(mode):
    assert any(mode in fault.modes for fault in FAULTS)
