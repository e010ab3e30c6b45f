"""Planted faults: one defect at a time in a live cluster, and the cases that must detect it.

A suite that never fails proves nothing. Each fault (`faults/`) names the assertions that must fail while it is in place
(`expectation.py`) and bystanders, related cases that must still pass. The cases run unchanged, in a pytest process of
their own against the same cluster (`cases.py`). A fault is tried only after it was observed in place (`trial.py`). It
counts as caught only if an assertion that is meant for it failed; any other failure of such a case counts as noticed by
accident (`detection.py`).
"""
