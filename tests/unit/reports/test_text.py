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
def test_invisible_characters_are_escaped(text, shown):
    assert visible(text) == shown


def test_one_line_contains_no_line_breaks():
    assert one_line("a\nb\tc\u2028d") == r"a\nb\tc\u2028d"


def test_one_line_is_cut_after_2000_characters():
    assert one_line("x" * 2000) == "x" * 2000
    assert one_line("x" * 10_000) == "x" * 2000 + "..."
