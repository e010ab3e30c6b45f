"""What a rule costs: connections over chains of rules that never match, in a network namespace of its own.

Runs where nothing else is: in a pod's network namespace, or in a new one beside kube-proxy's. Needs no more than
Python and iptables. For each size a chain hangs in nat OUTPUT, reached by its own port, and all are there at once, so
that connections over short and long ones follow each other in random order under the same conditions. The rules have
the shape that kube-proxy gives a Service's (pkg/proxy/iptables/proxier.go, KUBE-SERVICES), with addresses to which
nobody connects. Reads a plan as JSON from its argument, prints as JSON the rules walked and the kernel's round trips
in microseconds, block by block, for each chain.
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


def chains(ports):
    """iptables-restore's input; `ports` maps a chain's size to the port that leads to it."""
    lines = ["*nat", ":KUBEPROOF-NEVER - [0:0]"]
    lines += [f":KUBEPROOF-{size} - [0:0]" for size in ports]
    # A kernel tracks connections, without which it walks no nat rule, once a rule translates addresses.
    lines.append("-A KUBEPROOF-NEVER -p tcp -j DNAT --to-destination 198.18.0.1:80")
    for size, port in ports.items():
        lines.append(f"-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport {port} -j KUBEPROOF-{size}")
        lines += (
            f"-A KUBEPROOF-{size} -d {address(number)}/32 -p tcp -m comment "
            f'--comment "kubeproof/never-{number:05d}:http cluster IP" -m tcp --dport 80 -j KUBEPROOF-NEVER'
            for number in range(size)
        )
    return "\n".join([*lines, "COMMIT", ""])


def address(number):
    """One of a network for benchmarks (RFC 2544, 198.18.0.0/15); nothing is sent there."""
    return f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


def walked(ports):
    """How many rules a connection over each chain walks: those before its own in OUTPUT, and the chain's."""
    return {size: before + size for before, size in enumerate(ports)}


def round_trip_us(port, timeout_s):
    """The kernel's round trip of one new connection; None if its SYN was sent more than once."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(("127.0.0.1", port))
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    rtt_us, retransmits = (struct.unpack_from("=I", info, at)[0] for at in (RTT_OFFSET, RETRANS_OFFSET))
    return None if retransmits else rtt_us


def measure(plan, listeners):
    """Round trips by size, each a list of blocks; arrivals stand at equal distances, sizes come in random order."""
    generator = random.Random(plan["seed"])
    sizes = list(listeners)
    blocks = {size: [[] for _ in range(plan["blocks"])] for size in sizes}
    start_s = time.monotonic()
    number = 0
    for block in range(plan["blocks"]):
        for _ in range(int(plan["rate_per_s"] * plan["block_s"] / len(sizes))):
            generator.shuffle(sizes)
            for size in sizes:
                time.sleep(max(0.0, start_s + number / plan["rate_per_s"] - time.monotonic()))  # until its moment
                number += 1
                rtt_us = round_trip_us(listeners[size].getsockname()[1], plan["timeout_s"])
                listeners[size].accept()[0].close()
                if rtt_us is not None:
                    blocks[size][block].append(rtt_us)
    return blocks


def main():
    plan = json.loads(sys.argv[1])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listeners = {size: socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) for size in plan["sizes"]}
    ports = {size: listener.getsockname()[1] for size, listener in listeners.items()}
    restore = [plan["restore"], "--noflush"]
    subprocess.run(restore, input=chains(ports), text=True, check=True)
    found = measure(plan, listeners)
    rules = walked(ports)
    print(json.dumps([{"rules": rules[size], "blocks": found[size]} for size in plan["sizes"]]))


if __name__ == "__main__":
    main()
