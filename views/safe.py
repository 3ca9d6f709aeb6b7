"""Makes what people wrote fit to be shown: no markup, no invisible tricks, never longer than allowed.

Telegram counts a text in UTF-16 units and after its entities are read, so lengths are taken of the plain words,
and escaping comes last: an escaped "&lt;" counts as one and is never cut in half.
"""

from __future__ import annotations

import html
import re
import unicodedata

_JOINER = "\u200d"
_NEWLINES = str.maketrans(
    {"\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n"}
)
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_TAG = re.compile(r"<[^>]*>")
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')
ELLIPSIS = "…"
MOST_FILE_NAME = 60
"""Characters: three bytes each of some, of the 255 that a file system takes."""


class Html(str):
    """Text that is Telegram HTML already: it is not escaped again when it becomes part of another text."""

    __slots__ = ()


def utf16_length(text: str) -> int:
    """How long Telegram thinks ``text`` is.

    >>> utf16_length("好😀")
    3
    """
    return len(text) + sum(character > "\uffff" for character in text)


def visible_length(text: str) -> int:
    """The length of Telegram HTML after its entities are read, in UTF-16 units.

    >>> visible_length("<b>a &lt; b</b>")
    5
    """
    return utf16_length(html.unescape(_TAG.sub("", text)))


def cleaned(text: str) -> str:
    """``text`` without controls, half surrogates and characters that turn or hide what stands beside them.

    A zero-width joiner stays where it joins two pictures (a family, a flag): there it is what people typed.
    """
    kept: list[str] = []
    for character in text.replace("\r\n", "\n").translate(_NEWLINES):
        if (
            character in "\n\t"
            or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")
            or (
                character == _JOINER
                and kept
                and (kept[-1] == "\ufe0f" or unicodedata.category(kept[-1]) in ("So", "Sk"))
            )
        ):
            kept.append(character)
    return "".join(kept).rstrip(_JOINER)


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` UTF-16 units, with an ellipsis in place of what is missing.

    Never ends inside a character, nor with marks or joiners that belong to the one cut off.
    """
    if utf16_length(text) <= limit:
        return text
    room = limit - 1
    end = 0
    for character in text:
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            break
        end += 1
    while end and (text[end - 1] == _JOINER or unicodedata.combining(text[end])):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def line(text: str, *, limit: int = 120) -> Html:
    """One line for a name, a flat or the like."""
    return Html(html.escape(cut(" ".join(cleaned(text).split()), limit), quote=False))


def words(text: str, *, limit: int) -> Html:
    """Several lines of somebody's words; runs of empty lines shrink to one."""
    return Html(html.escape(cut(_BLANK_LINES.sub("\n\n", cleaned(text)).strip(), limit), quote=False))


def file_name(words: str, ending: str) -> str:
    """What a file is called that somebody keeps: one line, without what no file's name may have on any system.

    >>> file_name("A/B: 2026 年考勤表", "xlsx")
    'A B 2026 年考勤表.xlsx'
    """
    kept = " ".join(_NOT_IN_NAMES.sub(" ", cleaned(words)).split())
    return f"{cut(kept, MOST_FILE_NAME).strip(' .') or ending}.{ending}"


def plain(text: str) -> str:
    """Telegram HTML as plain words: for buttons and the short answers to a press, which know no markup."""
    return html.unescape(_TAG.sub("", text))
