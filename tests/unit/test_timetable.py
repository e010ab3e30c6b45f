"""The timetable of a run follows from its log."""

from benchmarks.timetable import Timetable, rows

LOG = """[   0.0s] • checking the host
[   1.1s] • building Go programs of traefik
[ 201.1s]   built Go programs of traefik in 200.0 s; 1 of 2 done, about 3 s left
[ 204.1s]   built image kubeproof/traefik:1 in 3.0 s; 2 of 2 done
[ 204.2s] • kind creates cluster kubeproof-iptables-0a1b2c: 1 control plane and 2 worker nodes, Kubernetes 1.37.2
[ 250.2s]   done in 46.0 s
[ 270.0s]   case suites/a/test_a.py::test_one passed in 15.0 s
[ 280.0s]   case suites/a/test_a.py::test_two environment error in 20.0 s
[ 310.0s]   case suites/b/test_b.py::test_measures[x in 5 s] passed in 30.0 s
[   1.0s] • loading images
[   2.0s]   done in 1.0 s
"""


def test_cases_that_overlap_are_concurrent_and_the_others_alone():
    table = Timetable.read(LOG)
    assert [case.what.rpartition("::")[2] for case in table.concurrent] == ["test_one", "test_two"]
    assert [case.what.rpartition("::")[2] for case in table.alone] == ["test_measures[x in 5 s]"]


def test_both_tables_have_durations_and_what_ran_side_by_side():
    text = "\n".join(rows(Timetable.read(LOG)))
    assert "| Go programs of traefik | 200 |" in text
    assert "| **all, 203 s of work** | 203 |" in text
    assert "| **2 cases concurrently, 35 s of case time** | 25 |" in text
    assert "| **1 cases alone, of them** | 30 |" in text


def test_a_case_alone_between_concurrent_ones_is_not_counted_with_them():
    later = """[ 330.0s]   case suites/c/test_c.py::test_three passed in 20.0 s
[ 335.0s]   case suites/c/test_c.py::test_four passed in 20.0 s
"""
    text = "\n".join(rows(Timetable.read(LOG.replace("[   1.0s] • loading", f"{later}[   1.0s] • loading"))))
    assert "| **4 cases concurrently, 75 s of case time** | 50 |" in text
    assert "| **1 cases alone, of them** | 30 |" in text


def test_a_run_that_built_nothing_has_an_empty_first_table():
    text = "\n".join(rows(Timetable.read("[   0.0s] • checking the host\n")))
    assert text == "| building | s |\n| --- | --- |\n\n| running | s |\n| --- | --- |"
