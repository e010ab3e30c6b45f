"""A server on the loopback interface of the worker's pod, for the loopback baseline: a request without a network.

It runs in a process of its own, as a cluster's servers do, so that its work does not delay the generator.
"""

import selectors
import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DNS_HEADER_BYTES = 12


def main():
    """Print the port, which is the same for TCP and UDP, and serve until standard input is closed."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        listener.setblocking(False)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", listener.getsockname()[1]))
            print(listener.getsockname()[1], flush=True)
            serve(listener, datagrams, sys.stdin)


def serve(listener, datagrams, until_closed):
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ, lambda: accept(selector, listener))
        selector.register(datagrams, selectors.EVENT_READ, lambda: echo(datagrams))
        selector.register(until_closed, selectors.EVENT_READ, None)
        while True:
            for ready, _ in selector.select():
                if ready.data is None:
                    return
                ready.data()


def accept(selector, listener):
    connection, _ = listener.accept()
    selector.register(connection, selectors.EVENT_READ, lambda: answer(selector, connection))


def answer(selector, connection):
    """Answer one request; close the connection if the client has closed or reset it."""
    try:
        if connection.recv(65536):
            connection.sendall(ANSWER)
            return
    except OSError:
        pass  # the client reset the connection, which is how every measured connection ends
    selector.unregister(connection)
    connection.close()


def echo(datagrams):
    """Send a datagram back; if it is long enough to be a DNS query, mark it as an answer with one record."""
    question, sender = datagrams.recvfrom(65536)
    if len(question) > DNS_HEADER_BYTES:
        question = question[:2] + b"\x84\x00" + question[4:6] + b"\x00\x01" + question[8:]
    datagrams.sendto(question, sender)


if __name__ == "__main__":
    main()
