"""The falsified registry alters image layers and forwards everything else unchanged."""

import socket
import threading

from harness.registry.image import compose_image
from tests.planted.pod.falsified_registry import FALSIFIED, ORIGINAL, forward


def forwarded(content):
    """Send the content through `forward`, and return what arrives at the other end."""
    (source, sender), (target, receiver) = socket.socketpair(), socket.socketpair()
    with source, sender, target, receiver:
        threading.Thread(target=lambda: (sender.sendall(content), sender.shutdown(socket.SHUT_WR))).start()
        threading.Thread(target=forward, args=(source, target)).start()
        return b"".join(iter(lambda: receiver.recv(1 << 16), b""))


def test_a_layer_is_altered_and_keeps_its_length():
    layer = compose_image(b"program", "word", "amd64").layer
    arrived = forwarded(layer)
    assert arrived != layer
    assert len(arrived) == len(layer)
    assert arrived.startswith(FALSIFIED)


def test_manifest_and_configuration_are_unchanged():
    image = compose_image(b"", "word", "amd64")
    for content in (image.manifest, image.config):
        assert ORIGINAL not in content
        assert forwarded(content) == content
