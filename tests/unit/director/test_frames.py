import pytest
from director.frames import LARGEST_BYTES, LENGTH, BrokenStream, Decoder, encode


def test_a_message_is_decoded_from_pieces_of_one_byte():
    message = {"argv": ["ipvsadm", "-Ln"], "text": "größer\n"}
    decoder = Decoder()
    assert [found for byte in encode(message) for found in decoder.feed(bytes([byte]))] == [message]


def test_two_messages_in_one_piece_are_both_decoded():
    assert list(Decoder().feed(encode({"number": 1}) + encode({"number": 2}))) == [{"number": 1}, {"number": 2}]


def test_a_length_above_the_limit_is_refused():
    with pytest.raises(BrokenStream, match="the limit is"):
        list(Decoder().feed(LENGTH.pack(LARGEST_BYTES + 1)))


@pytest.mark.parametrize("body", [b"not json", b"[1]", b"\xff\xfe"])
def test_a_body_that_is_not_a_json_object_is_refused(body):
    with pytest.raises(BrokenStream, match="not a message"):
        list(Decoder().feed(LENGTH.pack(len(body)) + body))
