from clusters.host.patience import DEFAULT, Patience
from clusters.kind.periods import PERIODS, Component, arguments, in_words


def test_the_environment_names_each_period_with_its_default():
    words = in_words(DEFAULT)
    assert "kube-controller-manager node-monitor-grace-period 20s (default 50s)" in words
    assert words.count("default") == len(PERIODS)


def test_only_a_limit_is_longer_on_a_slow_host():
    slow = arguments(Component.CONTROLLER_MANAGER, Patience(4))
    assert slow == {"node-monitor-grace-period": "80s", "horizontal-pod-autoscaler-sync-period": "5s"}


def test_every_period_is_shorter_than_its_default():
    assert all(period.own_s < period.default_s for period in PERIODS)
