import pytest

from clusters.engine import Engine
from clusters.errors import UsageError
from clusters.patience import Patience
from tests.fakes.commands import ScriptedCommands


@pytest.mark.parametrize(
    ("environment", "factor"),
    [
        ({}, 1),
        ({"KUBEPROOF_PATIENCE": ""}, 1),
        ({"KUBEPROOF_PATIENCE": "4"}, 4),
        ({"KUBEPROOF_PATIENCE": "1.5"}, 1.5),
    ],
)
def test_patience_is_a_factor_of_the_environment(environment, factor):
    assert Patience.of(environment).seconds(180) == 180 * factor


@pytest.mark.parametrize("text", ["0.5", "0", "-3", "nan", "inf", "much", "4 times"])
def test_what_is_no_factor_of_at_least_1_is_a_usage_error_of_one_line(text):
    with pytest.raises(UsageError, match=r"KUBEPROOF_PATIENCE=.* is no factor of at least 1") as caught:
        Patience.of({"KUBEPROOF_PATIENCE": text})
    assert "\n" not in str(caught.value)


def test_only_unusual_patience_is_a_fact_of_the_report():
    assert Patience().facts() == {}
    assert Patience(4).facts() == {"patience": "4 times the usual deadlines (KUBEPROOF_PATIENCE)"}


def test_a_patient_engine_gives_every_command_more_time():
    commands = ScriptedCommands({"docker exec": ""})
    Engine(commands).exec("node", "true", timeout_s=20)
    Engine(commands, Patience(3)).exec("node", "true", timeout_s=20)
    assert commands.timeouts_s == [20, 60]
