"""The prober in a process of its own, with servers that start and stop."""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from harness.performance.programming.pod.prober import Address
from harness.performance.programming.probes import PROGRAM

EVERY_S = 0.005
LIMIT_S = 5.0


CLOSED_PORT = 9
"""A port that refuses connections; a refused try counts as failed without a liveness target."""


def start(*probes, limit_s=LIMIT_S, every_s=EVERY_S, liveness_port=CLOSED_PORT):
    plan = {
        "every_s": every_s,
        "limit_s": limit_s,
        "probes": probes,
        "liveness": {"address": "127.0.0.1", "port": liveness_port},
    }
    return subprocess.Popen([sys.executable, "-c", PROGRAM, json.dumps(plan)], stdout=subprocess.PIPE, text=True)


def probe(port, want, at_s):
    return {"address": "127.0.0.1", "port": port, "want": want, "at_s": at_s}


@pytest.fixture
def ports():
    """Ten ports that refuse connections; bound all the time, so that no one else is given one of them.

    SO_REUSEADDR lets a server listen on a port beside a socket that only holds it.
    """
    with ExitStack() as stack:
        holders = [stack.enter_context(closing(socket.socket())) for _ in range(10)]
        for holder in holders:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", 0))
        yield [holder.getsockname()[1] for holder in holders]


@contextmanager
def servers(ports):
    with ExitStack() as stack:
        yield [stack.enter_context(closing(socket.create_server(("127.0.0.1", port), backlog=4096))) for port in ports]


@contextmanager
def silent():
    """Yield a port whose accept queue is full, so that new connections get no answer."""
    with ExitStack() as stack:
        server = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=0)))
        stack.enter_context(closing(socket.create_connection(server.getsockname())))
        yield server.getsockname()[1]


def test_an_address_is_reachable_from_the_first_try_that_was_answered(ports):
    port = ports[0]
    before_s = time.time()
    with start(probe(port, "reachable", before_s)) as prober:
        while time.time() < before_s + 1.0:  # until tries have failed
            time.sleep(0.01)
        opened_s = time.time()
        with servers([port]):
            (seen,) = json.loads(prober.communicate(timeout=30)[0])
    (began_s,) = seen["began_s"]
    assert opened_s - EVERY_S <= began_s
    assert seen["tries"] > 10


def test_an_address_is_unreachable_from_the_first_try_that_was_not_answered(ports):
    with servers(ports[:1]) as (server,):
        before_s = time.time()
        with start(probe(ports[0], "unreachable", before_s)) as prober:
            while time.time() < before_s + 1.0:  # until tries have succeeded
                time.sleep(0.01)
            closed_s = time.time()
            server.close()
            (seen,) = json.loads(prober.communicate(timeout=30)[0])
    (began_s,) = seen["began_s"]
    assert began_s >= closed_s - EVERY_S


def test_an_address_without_answers_is_unreachable_if_the_liveness_target_answers(ports):
    with silent() as port, servers(ports[:1]):
        before_s = time.time()
        with start(probe(port, "unreachable", before_s), liveness_port=ports[0]) as prober:
            (seen,) = json.loads(prober.communicate(timeout=30)[0])
    (began_s,) = seen["began_s"]
    assert began_s >= before_s


def test_nothing_is_concluded_if_the_liveness_target_does_not_answer_either():
    with (
        silent() as port,
        silent() as liveness_port,
        start(probe(port, "unreachable", time.time()), liveness_port=liveness_port, limit_s=1.0) as prober,
    ):
        (seen,) = json.loads(prober.communicate(timeout=30)[0])
    assert seen["tries"] > 3
    assert seen["began_s"] == []


def test_an_address_must_be_unreachable_before_it_is_reachable_again(ports):
    with servers(ports[:1]) as (server,):
        before_s = time.time()
        with start(probe(ports[0], "reachable again", before_s)) as prober:
            while time.time() < before_s + 1.0:  # until tries have succeeded
                time.sleep(0.01)
            closed_s = time.time()
            server.close()
            while time.time() < closed_s + 0.5:  # until tries have failed
                time.sleep(0.01)
            opened_s = time.time()
            with servers(ports[:1]):
                (seen,) = json.loads(prober.communicate(timeout=30)[0])
    gone_s, back_s = seen["began_s"]
    assert closed_s - EVERY_S <= gone_s < opened_s - EVERY_S <= back_s


def test_an_address_that_is_never_unreachable_is_not_reachable_again():
    with (
        closing(socket.create_server(("127.0.0.1", 0), backlog=4096)) as server,
        start(probe(server.getsockname()[1], "reachable again", time.time()), limit_s=1.0) as prober,
    ):
        (stays,) = json.loads(prober.communicate(timeout=30)[0])
    assert stays["began_s"] == []


def test_an_address_that_never_changes_has_no_times_and_none_is_tried_before_its_moment():
    with closing(socket.create_server(("127.0.0.1", 0), backlog=4096)) as server:
        port, now_s = server.getsockname()[1], time.time()
        with start(probe(port, "unreachable", now_s), probe(port, "reachable", now_s + 1.0)) as prober:
            stays, there = json.loads(prober.communicate(timeout=30)[0])
    assert stays["began_s"] == []
    assert there["began_s"][0] >= now_s + 1.0
    assert there["tries"] <= 20


def test_a_late_answer_to_an_old_try_does_not_make_an_address_reachable_again():
    address = Address({"address": "127.0.0.1", "port": 80, "want": "reachable again", "at_s": 0.0})
    for begun_s in (10.0, 10.1, 10.2):
        address.not_answered(begun_s)
    address.answered(9.9)
    assert address.began_s == [10.0], "a try from before the address became unreachable was answered late"
    address.answered(10.5)
    assert address.began_s == [10.0, 10.5]


def test_all_addresses_share_the_tries(ports):
    with start(*(probe(port, "reachable", time.time()) for port in ports), limit_s=2.0, every_s=0.1) as prober:
        output = json.loads(prober.communicate(timeout=30)[0])
    assert sum(seen["tries"] for seen in output) <= 20
    assert all(seen["tries"] for seen in output)


def test_all_addresses_are_tried_once_one_becomes_reachable(ports):
    before_s = time.time()
    with start(*(probe(port, "reachable", before_s) for port in ports), every_s=0.3) as prober:
        while time.time() < before_s + 1.0:  # until tries have failed
            time.sleep(0.01)
        with servers(ports):
            output = json.loads(prober.communicate(timeout=30)[0])
    began_s = [seen["began_s"][0] for seen in output]
    assert max(began_s) - min(began_s) < 0.3, "addresses waited for their turn"


def test_all_addresses_are_tried_once_one_becomes_unreachable(ports):
    before_s = time.time()
    with (
        servers(ports) as listening,
        start(*(probe(port, "unreachable", before_s) for port in ports), every_s=0.3) as prober,
    ):
        while time.time() < before_s + 1.0:  # until tries have succeeded
            time.sleep(0.01)
        for server in listening:
            server.close()
        output = json.loads(prober.communicate(timeout=30)[0])
    began_s = [seen["began_s"][0] for seen in output]
    assert max(began_s) - min(began_s) < 0.3, "addresses waited for their turn"
    assert sum(seen["tries"] for seen in output) < 60


def test_full_rounds_that_see_no_change_use_up_the_budget(ports):
    now_s = time.time()
    with (
        servers(ports[:9]),
        silent() as port,
        silent() as liveness_port,
        start(
            *(probe(one, "unreachable", now_s) for one in (*ports[:9], port)),
            limit_s=1.0,
            every_s=0.02,
            liveness_port=liveness_port,
        ) as prober,
    ):
        output = json.loads(prober.communicate(timeout=30)[0])
    assert 30 < sum(seen["tries"] for seen in output) < 300
