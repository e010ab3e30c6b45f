"""Planted faults: one defect at a time in a live cluster, and the cases that have to notice it.

A suite that never fails proves nothing. Here each fault (`faults/`) names the cases that must fail while it
is in place and their neighbours that must not. Cases run as they always do, by a pytest of their own
against the same cluster (`cases.py`); a fault counts once it was seen in place (`trial.py`).
"""
