"""What the page's files promise, read from the files: nothing from elsewhere, text stays text, every word is there and used."""

from __future__ import annotations

import re
from pathlib import Path

import sandbox

PAGE = Path(sandbox.__file__).parent / "page"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in PAGE.glob("*.js")}
FILES = {path: path.read_text(encoding="utf-8") for path in PAGE.rglob("*") if path.is_file()}

# words whose keys are put together from what the server says
MADE_UP = {"typing", "upload_photo", "upload_document", "upload_voice", "upload_video", "find_location"}


def words() -> dict[str, tuple[str, str]]:
    string = r'"((?:[^"\\]|\\.)*)"'
    found = re.findall(rf"^  (\w+): \[\s*{string},\s*{string},?\s*\],$", SCRIPTS["words.js"], re.MULTILINE)
    return {key: (chinese, english) for key, chinese, english in found}


def test_nothing_is_loaded_from_another_place() -> None:
    for path, text in FILES.items():
        loads = re.findall(r"""(?:src=|href=|url\(|from |import\(|fetch\()\s*["'`](https?:|//)""", text)
        assert loads == [], path.name


def test_no_text_is_ever_parsed_as_markup_or_code() -> None:
    unsafe = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function"
    )
    for name, text in SCRIPTS.items():
        assert unsafe.findall(text) == [], name


def test_the_policy_of_the_page_allows_its_own_scripts_only() -> None:
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in FILES[PAGE / "index.html"]


def test_each_word_stands_in_both_languages_with_the_same_placeholders() -> None:
    table = words()
    assert len(table) > 100
    assert len(table) == len(re.findall(r"^  \w+: \[", SCRIPTS["words.js"], re.MULTILINE))
    for key, (chinese, english) in table.items():
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), key


def test_each_word_used_is_there_and_each_word_there_is_used() -> None:
    table = words()
    code = "\n".join(SCRIPTS.values())
    used = set(re.findall(r"\bt\(\s*\"(\w+)\"", code))
    assert used <= set(table)
    named = set(re.findall(r"[\"\s{,](\w+)[\",:]", code.replace(SCRIPTS["words.js"], ""))) | {
        "today",
        "yesterday",
    }
    unused = {key for key in table if key.removeprefix("fault_") not in named} - MADE_UP
    assert unused == set()


def test_each_file_fits_on_a_few_screens() -> None:
    assert [path.name for path, text in FILES.items() if text.count("\n") >= 400] == []
