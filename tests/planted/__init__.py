"""Planted faults: one defect at a time in a live cluster, and the cases that have to notice it.

A suite that never fails proves nothing. Here each fault (`faults/`) names the assertions that must fail while it
is in place (`expectation.py`) and neighbours of their cases that must not. Cases run as they always do, by a pytest
of their own against the same cluster (`cases.py`); a fault counts once it was seen in place (`trial.py`), and as
caught only if an assertion that is meant for it failed. Whatever else fails is noticed by accident (`detection.py`).
"""
