"""What the falsifier between a node and its registries lets through, and what not."""

import socket
import threading

from harness.registry.image import compose_image
from tests.planted.pod.falsifier import FALSE, TRUE, pass_on


def passed_on(said):
    """What arrives at the other end."""
    (source, speaker), (target, listener) = socket.socketpair(), socket.socketpair()
    with source, speaker, target, listener:
        threading.Thread(target=lambda: (speaker.sendall(said), speaker.shutdown(socket.SHUT_WR))).start()
        threading.Thread(target=pass_on, args=(source, target)).start()
        return b"".join(iter(lambda: listener.recv(1 << 16), b""))


def test_a_layer_is_another_one_of_the_same_length():
    layer = compose_image(b"program", "word", "amd64").layer
    arrived = passed_on(layer)
    assert arrived != layer
    assert len(arrived) == len(layer)
    assert arrived.startswith(FALSE)


def test_manifest_and_configuration_stay():
    image = compose_image(b"", "word", "amd64")
    for content in (image.manifest, image.config):
        assert TRUE not in content
        assert passed_on(content) == content
