"""Kubeproof's side of Locust: a local master and workers in pods, each in a process of its own.

Importing Locust changes Python's sockets and threads for good (https://docs.gevent.org/api/gevent.monkey.html), so
the harness never imports this package. It starts the programs instead and exchanges JSON with them:

  master.py     reads plans from the test run, gives each worker its part, and merges the results
  worker.py     receives its part of a plan from the master and has its users send the requests
  users.py      Locust's users: each takes an arrival, waits for its intended start, and sends the request
  work.py       the work queue of users: a plan's arrivals, and how the request of one arrival is sent and recorded
  alarm.py      waits for an arrival's intended start, to within microseconds
  arrivals.py   when each request is intended to start
  request_kinds.py  the kinds of request: first packet, HTTP, UDP, DNS
  tallies.py    what is recorded: histograms for each target and block of time
  echo.py       a server in the worker's own pod, on which the loopback baseline is measured
"""
