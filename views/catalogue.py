"""The catalogue of texts: what is said under which key, in each language.

One TOML file per feature in ``views/texts``; Chinese and English stand side by side under each key. Which keys there
must be, and that each is used, is held by a test. Dates, numbers and the names of things are ``voice.py``'s.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

from views.safe import Html, line

LANGUAGES = ("zh", "en")
FALLBACK = "zh"
FEATURES = (
    "common",
    "people",
    "rights",
    "requests",
    "desk",
    "tasks",
    "pairings",
    "points",
    "alarms",
    "forms",
    "units",
    "imports",
    "posters",
    "checkins",
    "appointments",
    "roster",
    "notices",
    "privacy",
    "trail",
    "digests",
    "notice_report",
    "threads",
    "templates",
    "notice_readers",
    "tags",
    "lessons",
    "series",
    "meeting_desk",
    "meetings",
    "backup",
    "jobs",
    "deadlines",
)
LOCALES: Mapping[str, Locale] = {"zh": Locale.parse("zh_Hans_CN"), "en": Locale.parse("en")}

Forms = Mapping[str, str]
"""A text by plural form; "other" always, "one" where the language has it."""


def language_of(telegram_code: str) -> str:
    """A first guess from what Telegram says of somebody: English unless it is Chinese or nothing.

    >>> [language_of(code) for code in ("zh-hans", "", "en-GB", "de")]
    ['zh', 'zh', 'en', 'en']
    """
    return "zh" if not telegram_code or telegram_code.lower().startswith("zh") else "en"


class Texts:
    """All texts, read once. Holds no language of its own: each call names the reader's."""

    def __init__(self, entries: Mapping[str, Mapping[str, Forms]]) -> None:
        self.entries = entries

    @classmethod
    @cache
    def load(cls, folder: Path | None = None) -> Texts:
        """The catalogue, read at the first call. Raises ValueError for a text that is not complete in form, OSError for a missing file."""
        folder = folder or Path(__file__).parent / "texts"
        entries: dict[str, Mapping[str, Forms]] = {}
        for feature in FEATURES:
            tree = tomllib.loads((folder / f"{feature}.toml").read_text(encoding="utf-8"))
            for key, entry in _flattened(tree):
                if key in entries:
                    raise ValueError(f"{feature}.toml: {key} stands in another file too")
                entries[key] = entry
        return cls(entries)

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def say(self, language: str, key: str, **params: Any) -> Html:
        """The text of ``key`` as Telegram HTML. Plain strings among ``params`` become one escaped line each.

        ``count`` chooses the plural form. Raises KeyError for an unknown key or a missing parameter.
        """
        chosen = language if language in LANGUAGES else FALLBACK
        forms = self.entries[key][chosen]
        text = forms["other"]
        if "one" in forms and LOCALES[chosen].plural_form(params["count"]) == "one":
            text = forms["one"]
        return Html(text.format_map({name: _shown(value) for name, value in params.items()}))


def _shown(value: Any) -> Any:
    return line(value) if isinstance(value, str) and not isinstance(value, Html) else value


def _flattened(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Mapping[str, Forms]]]:
    found: list[tuple[str, Mapping[str, Forms]]] = []
    for name, branch in tree.items():
        key = f"{prefix}{name}"
        if not isinstance(branch, dict):
            raise ValueError(f"{key}: a table with zh and en is wanted")
        if "zh" in branch or "en" in branch:
            found.append((key, {language: _forms(key, branch[language]) for language in branch}))
        else:
            found.extend(_flattened(branch, f"{key}."))
    return found


def _forms(key: str, text: Any) -> Forms:
    forms = {"other": text} if isinstance(text, str) else text
    if not isinstance(forms, dict) or "other" not in forms or not forms.keys() <= {"one", "other"}:
        raise ValueError(f"{key}: a text, or a table of plural forms with other, is wanted")
    return {form: str(words).strip("\n") for form, words in forms.items()}
