import pytest

from reports.text import one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve \u2014 日本 👩\u200d💻", "naïve \u2014 日本 👩\u200d💻"),
        ("two\n\tlines", "two\n\tlines"),
        ("\x1b[31mred\x07\r", r"\x1b[31mred\x07\r"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("abc\u202egnp.exe", r"abc\u202egnp.exe"),
        ("\ud800\ufffe\uffff", r"\ud800\ufffe\uffff"),
    ],
)
def test_what_is_not_seen_is_shown(text, shown):
    assert visible(text) == shown


def test_one_line_is_one_line():
    assert one_line("a\nb\tc\u2028d") == r"a\nb\tc\u2028d"


def test_one_line_has_an_end():
    assert one_line("x" * 2000) == "x" * 2000
    assert one_line("x" * 10_000) == "x" * 2000 + "..."
