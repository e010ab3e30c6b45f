"""Stands between a node and the registries it asks: what they serve comes on, but the content of images is altered.

Arguments: the port to listen on. What arrives was on its way elsewhere; the kernel knows where to.
"""

import socket
import struct
import sys
import threading

ORIGINAL_DESTINATION = 80
"""SO_ORIGINAL_DST of linux/netfilter_ipv4.h, which Python has no name for."""

SOCKADDR_IN = struct.Struct("!HH4s8x")

TRUE, FALSE = b"program\0", b"pr0gram\0"
"""With its name the first file of a layer begins. As long as the true one, so that every length stays right."""

CHUNK_BYTES = 1 << 20


def main() -> None:
    with socket.create_server(("", int(sys.argv[1]))) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=stand_between, args=(client,), daemon=True).start()


def stand_between(client: socket.socket) -> None:
    """Both ways until one end has had enough."""
    _, port, address = SOCKADDR_IN.unpack(client.getsockopt(socket.SOL_IP, ORIGINAL_DESTINATION, SOCKADDR_IN.size))
    with client, socket.create_connection((socket.inet_ntoa(address), port)) as registry:
        asking = threading.Thread(target=pass_on, args=(client, registry), daemon=True)
        asking.start()
        pass_on(registry, client)
        asking.join()


def pass_on(source: socket.socket, target: socket.socket) -> None:
    """What one says to the other, to the end."""
    try:
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data.replace(TRUE, FALSE))
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of them is gone


if __name__ == "__main__":
    main()
