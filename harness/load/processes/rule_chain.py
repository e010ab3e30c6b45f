"""Measure connection latency along a chain of iptables rules, in a network namespace without Kubernetes.

Runs in a pod's network namespace, or in a new one next to kube-proxy's; needs only Python and iptables.

The chain is called from nat OUTPUT and resembles kube-proxy's KUBE-SERVICES (pkg/proxy/iptables/proxier.go). Most rules
have the shape of kube-proxy's and an address to which nothing connects, so they never match. At given places between
them stands a rule that matches connections to one port of this namespace. Connections to these places are made in
random order, so that all places are measured under the same conditions; a place listed twice gets twice as many.

Reads a plan as JSON from its argument. Prints as JSON, for each place, how many rules a connection traverses before it
and the kernel's round-trip times in microseconds, block by block.
"""

import json
import random
import socket
import struct
import subprocess
import sys
import time

RTT_OFFSET, RETRANS_OFFSET, TCP_INFO_BYTES = 68, 100, 104
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
BACKLOG = 4096
FIRST_PORT = 8001


def chain(rules, places):
    """Return the input of iptables-restore: `rules` rules that never match, and one that matches at each place.

    A place is the number of never-matching rules before the matching one.
    """
    ports = {place: FIRST_PORT + number for number, place in enumerate(places)}
    lines = ["*nat", ":KUBEPROOF-SERVICES - [0:0]", ":KUBEPROOF-NEVER - [0:0]", ":KUBEPROOF-HERE - [0:0]"]
    # The kernel traverses nat rules only for tracked connections, and tracks connections once a rule does NAT.
    lines.append("-A KUBEPROOF-NEVER -p tcp -j DNAT --to-destination 198.18.0.1:80")
    lines += ["-A KUBEPROOF-HERE -j ACCEPT", "-A OUTPUT -j KUBEPROOF-SERVICES"]
    for number in range(rules + 1):
        if number in ports:
            lines.append(rule("127.0.0.1", f"here-{number:05d}", ports[number], "KUBEPROOF-HERE"))
        if number < rules:
            lines.append(rule(address(number), f"never-{number:05d}", 80, "KUBEPROOF-NEVER"))
    return "\n".join([*lines, "COMMIT", ""])


def rule(to, name, port, chain):
    """Return a rule of the shape of kube-proxy's that sends connections to `to`:`port` to `chain`."""
    comment = f'-m comment --comment "kubeproof/{name}:http cluster IP"'
    return f"-A KUBEPROOF-SERVICES -d {to}/32 -p tcp {comment} -m tcp --dport {port} -j {chain}"


def address(number):
    """Return an address of the network for benchmarks (RFC 2544, 198.18.0.0/15), to which nothing is sent."""
    return f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


def walked(places):
    """Return how many rules a connection traverses before each place: never-matching ones and those of other places."""
    return [place + before for before, place in enumerate(places)]


def round_trip_us(port, timeout_s):
    """Return the kernel's round-trip time of one new connection; None if its SYN was sent more than once."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(("127.0.0.1", port))
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    rtt_us, retransmits = (struct.unpack_from("=I", info, at)[0] for at in (RTT_OFFSET, RETRANS_OFFSET))
    return None if retransmits else rtt_us


def measure(plan, listeners):
    """Return the round-trip times of each place as a list of blocks.

    Each connection starts at a random moment of an interval of its own, as those of the load generator do, and places
    take turns in random order. `listeners` maps each place to the listener that its rule leads to.
    """
    generator = random.Random(plan["seed"])
    order = list(plan["places"])
    blocks = {place: [[] for _ in range(plan["blocks"])] for place in listeners}
    start_s = time.monotonic()
    number = 0
    for block in range(plan["blocks"]):
        for _ in range(int(plan["rate_per_s"] * plan["block_s"] / len(order))):
            generator.shuffle(order)
            for place in order:
                intended_s = start_s + (number + generator.random()) / plan["rate_per_s"]
                time.sleep(max(0.0, intended_s - time.monotonic()))  # until the intended start
                number += 1
                rtt_us = round_trip_us(listeners[place].getsockname()[1], plan["timeout_s"])
                listeners[place].accept()[0].close()
                if rtt_us is not None:
                    blocks[place][block].append(rtt_us)
    return blocks


def main():
    plan = json.loads(sys.argv[1])
    places = sorted(set(plan["places"]))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listeners = {
        place: socket.create_server(("127.0.0.1", FIRST_PORT + number), backlog=BACKLOG)
        for number, place in enumerate(places)
    }
    subprocess.run([plan["restore"]], input=chain(plan["rules"], places), text=True, check=True)
    blocks = measure(plan, listeners)
    rules = walked(places)
    print(json.dumps([{"rules": rules[number], "blocks": blocks[place]} for number, place in enumerate(places)]))


if __name__ == "__main__":
    main()
