"""HTML into entities, and what is found in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import ApiError
from sandbox.markup import formatted, utf16


def read(html: str) -> tuple[str, list[dict[str, Any]]]:
    return formatted(html, parse_mode="HTML", entities=None)


def mark(kind: str, offset: int, length: int, **fields: str) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **fields}


@pytest.mark.parametrize(
    ("html", "text", "marks"),
    [
        ("<b>你好</b>", "你好", [mark("bold", 0, 2)]),
        ("😀<i>x</i>", "😀x", [mark("italic", 2, 1)]),
        ("<b>a<i>b</i></b>", "ab", [mark("bold", 0, 2), mark("italic", 1, 1)]),
        ("<B>a</B>", "a", [mark("bold", 0, 1)]),
        ("&lt;b&gt; &amp; &#x4f60;&#22909; &quot;", '<b> & 你好 "', []),
        ("&nbsp; a&b", "&nbsp; a&b", []),
        (
            '<a href="http://a.cn/?x=1&amp;y=2">go</a>',
            "go",
            [mark("text_link", 0, 2, url="http://a.cn/?x=1&y=2")],
        ),
        ("<a href='nowhere'>go</a>", "go", []),
        ('<span class="tg-spoiler">x</span>', "x", [mark("spoiler", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [mark("expandable_blockquote", 0, 1)]),
        ('<pre><code class="language-py">x</code></pre>', "x", [mark("pre", 0, 1, language="py")]),
        ('<code class="language-py">x</code>', "x", [mark("code", 0, 1)]),
        ("<b></b>x", "x", []),
        ("  <b> a </b>\n", "a", [mark("bold", 0, 1)]),
    ],
)
def test_html_becomes_text_and_entities(html: str, text: str, marks: list[dict[str, Any]]) -> None:
    assert read(html) == (text, marks)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("你<x>a</x>", 'Unsupported start tag "x" at byte offset 3'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href=http://x>a</a>", "Unexpected end of name token"),
        ('<a href="x>a</a>', "Unexpected end of name token"),
        ('<a ="x">a</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
    ],
)
def test_broken_html_is_refused_with_its_place(html: str, reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        read(html)

    assert refusal.value.description.startswith(f"Bad Request: can't parse entities: {reason}")


def test_other_parse_modes_are_refused_plainly() -> None:
    with pytest.raises(ApiError, match="MarkdownV2 is not supported by this sandbox"):
        formatted("*a*", parse_mode="MarkdownV2", entities=None)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("/start u-1", ["bot_command"]),
        ("see https://linli.cn/a, or @linli_bot #邻里", ["url", "mention", "hashtag"]),
        ("mail a@b.cn or +86 138 0000 0000", ["email", "phone_number"]),
        ("1/2 of 3 and a/b", []),
    ],
)
def test_plain_words_show_their_commands_and_links(text: str, kinds: list[str]) -> None:
    assert [m["type"] for m in formatted(text, parse_mode=None, entities=None)[1]] == kinds


def test_nothing_is_found_inside_code() -> None:
    assert read("<code>/start</code>")[1] == [mark("code", 0, 6)]


@given(st.text(alphabet="ab<>/&;\"'= 你😀bi#", max_size=40))
def test_any_text_is_read_or_refused_and_marks_stay_inside(text: str) -> None:
    try:
        shown, marks = read(text)
    except ApiError:
        return
    assert all(
        m["offset"] >= 0 and m["length"] > 0 and m["offset"] + m["length"] <= utf16(shown) for m in marks
    )
