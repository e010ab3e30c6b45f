"""A server on many ports, each an endpoint of its own; it accepts connections and closes them at once.

Usage: python3 -c <this program> <first port> <number of ports>
"""

import contextlib
import selectors
import socket
import sys


def main():
    first, count = (int(word) for word in sys.argv[1:])
    with selectors.DefaultSelector() as selector:
        for port in range(first, first + count):
            listener = socket.create_server(("0.0.0.0", port), backlog=1024)
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ)
        while True:
            for ready, _ in selector.select():
                with contextlib.suppress(OSError):  # the connection was reset before it was accepted
                    ready.fileobj.accept()[0].close()


if __name__ == "__main__":
    main()
