from harness.statistics.comparison import Comparison, Range, in_words, range_of


def comparison(ours, theirs):
    return Comparison("a connection, ms", range_of(ours), range_of(theirs))


def test_the_range_of_repetitions_is_their_median_and_extremes():
    assert range_of([3.0, 1.0, 9.0]) == Range(3.0, 1.0, 9.0)


def test_a_mode_is_better_only_if_the_ranges_do_not_overlap():
    disjoint = comparison([1.0, 1.2, 1.1], [1.3, 1.5, 2.0])
    assert (disjoint.better, disjoint.worse, disjoint.differs) == (True, False, True)
    swapped = comparison([1.3, 1.5, 2.0], [1.0, 1.2, 1.1])
    assert (swapped.better, swapped.worse) == (False, True)
    assert not comparison([1.0, 1.4, 1.1], [1.3, 1.5, 2.0]).differs


def test_comparisons_are_formatted_with_their_ranges():
    sentence = in_words([comparison([1.0, 1.2, 1.1], [1.3, 1.5, 2.0])], "ipvs", "iptables")
    assert sentence == "a connection, ms: 1.10 (1.00 to 1.20) in ipvs, 1.50 (1.30 to 2.00) in iptables"


def test_the_size_of_a_difference_ignores_its_sign():
    assert Range(46, 35, 57).size == Range(-46, -57, -35).size == Range(46, 35, 57)
    assert Range(-2, -12, 9).size == Range(2, 0, 12)


def test_a_value_has_no_more_digits_than_its_range_justifies():
    assert str(Range(0.05556, -9.388, 6.734)) == "0 (-9 to 7)"
    assert str(Range(0.2568, 0.2427, 0.2884)) == "0.257 (0.243 to 0.288)"
    assert str(Range(60412.3, 49011.0, 81504.9)) == "60412 (49011 to 81505)"
    assert str(Range(-0.2, -3.1, 12.4)) == "0 (-3 to 12)"


def test_a_range_without_a_width_keeps_four_digits():
    assert str(Range(2.5, 2.5, 2.5)) == "2.5 (2.5 to 2.5)"
    assert str(Range(1234.56, 1000.0, float("inf"))) == "1235 (1000 to inf)"


def test_a_range_times_a_negative_factor_has_its_ends_swapped():
    assert Range(2.0, 1.0, 4.0).times(-1000) == Range(-2000.0, -4000.0, -1000.0)
