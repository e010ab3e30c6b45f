"""Estimators of latencies, growth and differences, with confidence intervals.

Their modules import `scipy`, not `scipy.stats`: every start of pytest imports them, and `scipy.stats` takes a second,
longer than all other imports together. scipy loads a subpackage when it is first used.
"""
