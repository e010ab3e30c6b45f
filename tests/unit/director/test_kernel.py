from director.kernel import choose_cpu


def test_guests_of_neighbouring_nodes_get_different_processors():
    assert [choose_cpu(f"172.18.0.{last}", {3, 0, 7}) for last in (2, 3, 4, 5)] == [0, 3, 7, 0]


def test_one_processor_serves_all():
    assert choose_cpu("172.18.0.2", {5}) == 5
