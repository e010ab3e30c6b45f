"""A TCP proxy between a node and registries that alters the content of image layers on the way.

Argument: the port to listen on. Connections are redirected here by the node's kernel, which reports their original
destination.
"""

import socket
import struct
import sys
import threading

ORIGINAL_DESTINATION = 80
"""SO_ORIGINAL_DST of linux/netfilter_ipv4.h, for which Python has no constant."""

SOCKADDR_IN = struct.Struct("!HH4s8x")

ORIGINAL, FALSIFIED = b"program\0", b"pr0gram\0"
"""The name of the first file in a layer, and its replacement of equal length, so that all lengths stay right."""

CHUNK_BYTES = 1 << 20


def main() -> None:
    with socket.create_server(("", int(sys.argv[1]))) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=proxy_connection, args=(client,), daemon=True).start()


def proxy_connection(client: socket.socket) -> None:
    """Connect to the original destination and forward data in both directions until both have ended."""
    _, port, address = SOCKADDR_IN.unpack(client.getsockopt(socket.SOL_IP, ORIGINAL_DESTINATION, SOCKADDR_IN.size))
    with client, socket.create_connection((socket.inet_ntoa(address), port)) as registry:
        requests = threading.Thread(target=forward, args=(client, registry), daemon=True)
        requests.start()
        forward(registry, client)
        requests.join()


def forward(source: socket.socket, target: socket.socket) -> None:
    """Forward data in one direction, with the file name replaced, until the source ends or one side has closed."""
    try:
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data.replace(ORIGINAL, FALSIFIED))
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one side has closed the connection


if __name__ == "__main__":
    main()
