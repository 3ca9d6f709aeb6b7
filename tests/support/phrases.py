"""What the program says, recognised by its key: so a flow is played in either language and survives a better wording.

Also finds what must never reach a person: raw keys, braces, markup, words of another language.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from views.catalogue import Texts
from views.safe import plain

_PLACE = re.compile(r"\{[^}]*\}")
_KEY = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
_MARKUP = re.compile(r"</?(?:b|i|u|s|a|code|pre|blockquote|tg-)\b|&(?:lt|gt|amp|quot|#\d+);")
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_ENGLISH = re.compile(r"(?<![/@\w.-])[A-Za-z]{3,}(?:[ ,.]+[A-Za-z]{2,})+")
_BOTH = ("start.hello", "language.choose", "menu.language", "command.language")
_OF_LANGUAGES = ("中文", "English")


class Phrases:
    """The catalogue, read backwards."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.pattern = cache(self._pattern)

    def _pattern(self, language: str, key: str) -> re.Pattern[str]:
        """What a reader of ``language`` sees of ``key``, whatever its parameters. Raises KeyError."""
        forms = self._texts.entries[key][language].values()
        ways = (
            ".*?".join(re.escape(plain(piece)) for piece in _PLACE.split(form))
            for form in sorted(forms, key=len, reverse=True)
        )
        return re.compile("|".join(ways), re.DOTALL)

    def leftovers(self, text: str, *, language: str | None, given: Collection[str] = ()) -> Iterator[str]:
        """What is wrong with a text as a person read it.

        ``language`` None: either is right. ``given`` are names and words of people, which may be in any.
        """
        for words in sorted(given, key=len, reverse=True):
            text = text.replace(words, "·")
        if braces := re.search(r"[{}]", text):
            yield f"a brace {braces[0]!r}"
        for key in _KEY.findall(text):
            if key in self._texts:
                yield f"the raw key {key!r}"
        if markup := _MARKUP.search(text):
            yield f"markup {markup[0]!r}"
        if re.search(r"\b(?:None|True|False)\b", text):
            yield "a value of the program's own"
        yield from self._foreign(text, language)

    def _foreign(self, text: str, language: str | None) -> Iterator[str]:
        for key in _BOTH:
            for one in ("zh", "en"):
                text = self.pattern(one, key).sub("", text)
        for name in _OF_LANGUAGES:
            text = text.replace(name, "")
        wrong = {"en": _CHINESE, "zh": _ENGLISH}.get(language or "")
        if wrong is not None and (found := wrong.search(text)):
            yield f"{found[0]!r} in another language than {language}"
