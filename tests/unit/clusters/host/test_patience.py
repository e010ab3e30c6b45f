import pytest

from clusters.engine import Engine
from clusters.errors import UsageError
from clusters.host.patience import Patience
from tests.fakes.host.commands import ScriptedCommands


@pytest.mark.parametrize(
    ("environment", "factor"),
    [
        ({}, 1),
        ({"KUBEPROOF_PATIENCE": ""}, 1),
        ({"KUBEPROOF_PATIENCE": "4"}, 4),
        ({"KUBEPROOF_PATIENCE": "1.5"}, 1.5),
    ],
)
def test_the_environment_variable_sets_the_factor(environment, factor):
    assert Patience.of(environment).seconds(180) == 180 * factor


@pytest.mark.parametrize("text", ["0.5", "0", "-3", "nan", "inf", "much", "4 times"])
def test_an_invalid_factor_is_a_usage_error_with_a_message_of_one_line(text):
    with pytest.raises(UsageError, match=r"KUBEPROOF_PATIENCE=.* is not a number of at least 1") as caught:
        Patience.of({"KUBEPROOF_PATIENCE": text})
    assert "\n" not in str(caught.value)


def test_the_report_names_the_factor_only_if_it_is_not_1():
    assert Patience().facts() == {}
    assert Patience(4).facts() == {"patience": "4 times the usual deadlines (KUBEPROOF_PATIENCE)"}


def test_the_engine_multiplies_the_time_limit_of_every_command():
    commands = ScriptedCommands({"docker exec": ""})
    Engine(commands).exec("node", "true", timeout_s=20)
    Engine(commands, Patience(3)).exec("node", "true", timeout_s=20)
    assert commands.timeouts_s == [20, 60]
