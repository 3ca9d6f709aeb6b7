"""What people wrote cannot become markup, hide or turn the words beside it, or grow too long."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from views.safe import cleaned, cut, line, plain, utf16_length, visible_length, words

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
FAMILY = "👨\u200d👩\u200d👧"


def test_markup_is_shown_as_it_was_typed() -> None:
    assert line('<b>x</b> & "y"') == '&lt;b&gt;x&lt;/b&gt; &amp; "y"'
    assert plain(line("<a href='x'>&amp;</a>")) == "<a href='x'>&amp;</a>"


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\u200f", "\ufeff", "\u00ad", "\x00", "\ud800"]
)
def test_what_turns_or_hides_words_is_taken_out(hidden: str) -> None:
    assert line(f"李{hidden}明") == "李明"


def test_a_picture_joined_of_several_stays_whole() -> None:
    assert cleaned(FAMILY) == FAMILY
    assert cleaned("a\u200db") == "ab"


def test_a_name_is_one_line_and_words_keep_theirs() -> None:
    assert line(" 李\n\n 明\u2028x ") == "李 明 x"
    assert words("一\r\n\r\n\n\n二\n三", limit=50) == "一\n\n二\n三"


def test_a_cut_counts_as_telegram_does() -> None:
    assert utf16_length("😀好") == 3
    assert cut("😀😀😀", 5) == "😀😀…"
    assert cut("😀😀😀", 4) == "😀…"
    assert cut("abc", 3) == "abc"


def test_a_cut_never_ends_inside_a_character() -> None:
    assert cut("ae\u0301\u0301\u0301bc", 4) == "a…"
    assert cut(f"a{FAMILY}", 5) == "a👨…"


def test_an_escaped_sign_counts_as_one_and_is_never_cut_in_half() -> None:
    assert words("<" * 10, limit=5) == "&lt;&lt;&lt;&lt;…"
    assert visible_length("<b>&lt;&amp;</b>") == 2


@given(ANY_TEXT, st.integers(min_value=1, max_value=60))
def test_nothing_typed_can_be_markup_or_too_long_or_unsendable(text: str, limit: int) -> None:
    for shown in (line(text, limit=limit), words(text, limit=limit)):
        assert "<" not in shown
        assert ">" not in shown
        assert visible_length(shown) <= limit
        shown.encode("utf-8")
        assert all(
            unicodedata.category(c) not in ("Cc", "Cs") and c not in "\u202e\u2066\u200b"
            for c in shown
            if c not in "\n\t"
        )
