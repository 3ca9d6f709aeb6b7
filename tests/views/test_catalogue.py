"""The catalogue is whole: both languages, the same parameters, nothing unused, nothing missing, nothing too long."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from domain.base import NOT_FOUND
from domain.requests import MAX_WORDS
from views.catalogue import FEATURES, LANGUAGES, Texts, language_of
from views.families import FAMILIES
from views.safe import plain, utf16_length, visible_length

ROOT = Path(__file__).parents[2]
TEXTS = Texts.load()
KEYS = sorted(TEXTS.entries)
CODE = ("domain", "views", "handlers", "jobs", "sheets", "storage", "bot")
KEY = re.compile(r"[a-z_]+(\.[a-z_0-9]+)*")
TAG = re.compile(r"<(/?)([a-z-]+)(?:\s[^>]*)?>")
TAGS = {"b", "i", "u", "s", "a", "code", "pre", "tg-spoiler", "blockquote"}
ANSWER = 200
"""Telegram's limit for the short answer to a press."""


def forms(key: str) -> Iterator[tuple[str, str, str]]:
    for language in LANGUAGES:
        for form, text in TEXTS.entries[key][language].items():
            yield language, form, text


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@cache
def code() -> tuple[tuple[str, ast.AST], ...]:
    """Every node of the program, with the folder it stands in."""
    return tuple(
        (folder, node)
        for folder in CODE
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def literals() -> set[str]:
    """Every string that stands in the code of the program."""
    return {
        node.value for _, node in code() if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def calls() -> Iterator[tuple[str, str, str]]:
    """Calls whose first argument is a string: the folder, what is called, the string."""
    for folder, node in code():
        if isinstance(node, ast.Call) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield folder, getattr(node.func, "attr", getattr(node.func, "id", "")), first.value


def computed() -> set[str]:
    return {f"{family}.{member}" for family, members in FAMILIES.items() for member in members}


def refusals() -> set[str]:
    """The keys with which the rules, the store and the handlers refuse."""
    return {NOT_FOUND} | {key for _, called, key in calls() if called == "Refused"}


def named() -> set[str]:
    """The keys given by name: as a toast, as a note on a card, as what was wrong with an answer."""
    by_keyword = {
        keyword.value.value
        for _, node in code()
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("toast", "note", "wrong")
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value
    }
    in_params = {
        value.value
        for _, node in code()
        if isinstance(node, ast.Dict)
        for name, value in zip(node.keys, node.values, strict=True)
        if isinstance(name, ast.Constant) and name.value == "note" and isinstance(value, ast.Constant)
    }
    return {str(key) for key in by_keyword | in_params}


def said() -> set[str]:
    """The keys given directly to whatever says texts."""
    return named() | {
        key
        for folder, called, key in calls()
        if folder in ("views", "handlers")
        and called in ("say", "said", "words", "words_alone", "button")
        and KEY.fullmatch(key)
        and ("." in key or key in TEXTS)
    }


def test_a_text_stands_in_both_languages_with_the_same_parameters() -> None:
    for key in KEYS:
        assert set(TEXTS.entries[key]) == set(LANGUAGES), key
        chinese, english = (placeholders(TEXTS.entries[key][language]["other"]) for language in LANGUAGES)
        # An English plural may leave a lone count unsaid ("every day"), but brings nothing of its own.
        assert english in (chinese, chinese - {"count"}), key
        for _, form, text in forms(key):
            assert text.strip(), key
            assert form == "other" or placeholders(text) <= chinese, key


def test_a_text_has_only_the_tags_telegram_takes_and_closes_them() -> None:
    for key in KEYS:
        for _, _, text in forms(key):
            opened: list[str] = []
            for closing, tag in TAG.findall(text):
                assert tag in TAGS, key
                if closing:
                    assert opened.pop() == tag, key
                else:
                    opened.append(tag)
            assert not opened, key
            assert not re.search(r"[<>]|&(?!lt;|gt;|amp;)", TAG.sub("", text)), key


def test_a_text_at_its_longest_fits_a_message() -> None:
    for key in KEYS:
        for language in LANGUAGES:
            names = set().union(
                *(placeholders(text) for said_in, _, text in forms(key) if said_in == language)
            )
            params = dict.fromkeys(names, "<" * MAX_WORDS)
            for count in (1, 1_000_000):
                text = TEXTS.say(language, key, **{**params, "count": count})
                assert visible_length(text) <= 4096, key


def test_buttons_and_short_answers_are_short() -> None:
    for key in KEYS:
        for _, _, text in forms(key):
            if key.startswith(("button.", "menu.")) and key != "menu.title":
                assert utf16_length(text) <= 48, key
                assert plain(text) == text, key
    for key in refusals() | {key for key in KEYS if key.startswith("toast.")}:
        for _, _, text in forms(key):
            assert utf16_length(plain(text)) <= ANSWER, key


def test_every_key_is_used() -> None:
    known = literals() | computed()
    assert [key for key in KEYS if key not in known] == []


def test_every_used_key_is_there() -> None:
    assert sorted((said() | refusals() | computed()) - set(KEYS)) == []


def test_the_families_hold_no_strangers() -> None:
    known = literals() | computed()
    for family in FAMILIES:
        members = [key for key in KEYS if key.startswith(f"{family}.")]
        assert [key for key in members if key not in known] == []


def test_every_file_of_texts_is_read() -> None:
    folder = ROOT / "views" / "texts"
    assert {path.stem for path in folder.glob("*.toml")} == set(FEATURES)


def test_no_english_is_left_among_the_chinese_and_no_chinese_among_the_english() -> None:
    for key in KEYS:
        for language, _, text in forms(key):
            bare = Formatter().vformat(TAG.sub("", text), (), Blank())
            chinese = re.search(r"[\u4e00-\u9fff]", bare)
            if language == "zh" and key not in {"mine.state", "list.comma"}:
                assert chinese or not re.search(r"[A-Za-z]{3}", bare), key
            if language == "en" and "language" not in key:
                assert not chinese, key


class Blank(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


# --- how it speaks -----------------------------------------------------------------------------------------------------


def test_a_parameter_cannot_bring_markup_or_another_parameter() -> None:
    shown = TEXTS.say("en", "start.known", name="<b>{name}</b>\n\u202ex")
    assert "&lt;b&gt;{name}&lt;/b&gt; x" in shown


def test_the_english_plural_follows_the_count() -> None:
    assert TEXTS.say("en", "span.hours", count=1) == "1 hour"
    assert TEXTS.say("en", "span.hours", count=2) == "2 hours"
    assert TEXTS.say("zh", "span.hours", count=1) == "1 小时"


def test_an_unknown_language_reads_chinese() -> None:
    assert TEXTS.say("fr", "day.today") == "今天"
    assert [language_of(code) for code in ("zh-hant", "", "en", "fr")] == ["zh", "zh", "en", "en"]


def test_an_unknown_key_and_a_missing_parameter_are_bugs() -> None:
    with pytest.raises(KeyError):
        TEXTS.say("zh", "no.such.key")
    with pytest.raises(KeyError):
        TEXTS.say("zh", "start.known")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("key = 'words'", "a table with zh and en"),
        ("[key]\nzh = '好'\nen = {one = 'a'}", "plural forms"),
        ("[key]\nzh = '好'\nen = {other = 'a', many = 'b'}", "plural forms"),
    ],
)
def test_a_malformed_text_stops_the_loading(tmp_path: Path, text: str, fault: str) -> None:
    for feature in FEATURES:
        (tmp_path / f"{feature}.toml").write_text("", encoding="utf-8")
    (tmp_path / "common.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=fault):
        Texts.load(tmp_path)


def test_a_key_in_two_files_stops_the_loading(tmp_path: Path) -> None:
    for feature in FEATURES:
        (tmp_path / f"{feature}.toml").write_text("[key]\nzh = '好'\nen = 'a'", encoding="utf-8")
    with pytest.raises(ValueError, match="another file"):
        Texts.load(tmp_path)
