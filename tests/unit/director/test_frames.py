import pytest
from director.frames import LARGEST_BYTES, LENGTH, BrokenStream, Decoder, encode


def test_a_message_survives_the_way_in_whatever_pieces_it_arrives():
    message = {"argv": ["ipvsadm", "-Ln"], "text": "größer\n"}
    decoder = Decoder()
    assert [found for byte in encode(message) for found in decoder.feed(bytes([byte]))] == [message]


def test_two_messages_in_one_piece_are_two():
    assert list(Decoder().feed(encode({"number": 1}) + encode({"number": 2}))) == [{"number": 1}, {"number": 2}]


def test_a_length_that_no_message_has_is_noise():
    with pytest.raises(BrokenStream, match="the largest is"):
        list(Decoder().feed(LENGTH.pack(LARGEST_BYTES + 1)))


@pytest.mark.parametrize("body", [b"not json", b"[1]", b"\xff\xfe"])
def test_what_is_no_json_object_is_no_message(body):
    with pytest.raises(BrokenStream, match="not a message"):
        list(Decoder().feed(LENGTH.pack(len(body)) + body))
