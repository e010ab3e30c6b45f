"""Kubeproof's side of Locust: a master beside the run, and workers in pods, each in a process of its own.

Importing Locust changes Python's sockets and threads for good (https://docs.gevent.org/api/gevent.monkey.html), so
nothing of the harness imports this package. It is started instead, and spoken to in JSON:

  master.py     takes plans from the run, hands each worker its part, and puts together what came of it
  worker.py     takes its part of a plan from the master and lets its users work it off
  users.py      Locust's users: each takes an arrival, waits for its moment, and performs an exchange
  work.py       what users do at present: a plan's arrivals, and how one of them is performed
  alarm.py      waiting for an arrival's moment, to within microseconds
  arrivals.py   when each exchange is meant to start
  exchanges.py  what is exchanged: a first packet, HTTP, UDP, DNS
  tallies.py    what is kept of it: histograms for each target and block of time
  echo.py       a server of the worker's own, on which the generator itself is measured
"""
