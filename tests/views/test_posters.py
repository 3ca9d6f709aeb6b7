"""Posters: a page for each building, every letter of it in the file, and a code that leads where it says."""

from __future__ import annotations

import io
import re

import pytest
import segno
from fontTools.ttLib import TTFont

from domain.posters import PosterPage
from domain.queries import Place
from views.catalogue import Texts
from views.paper import FONT_FILE, Paper, letter
from views.posters import link_of, posters

TEXTS = Texts.load()
PAGE = PosterPage(Place("3号楼", "Building 3"), Place("第二网格", "Grid 2"), "g2-3")


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_each_building_has_a_page() -> None:
    pdf = posters([PAGE] * 7, bot_username="linli_bot", texts=TEXTS)
    assert pdf.startswith(b"%PDF-")
    assert pages_of(pdf) == 7


def test_the_font_travels_in_the_file_and_only_the_letters_used() -> None:
    pdf = posters([PAGE], bot_username="linli_bot", texts=TEXTS)
    assert b"/FontFile2" in pdf
    assert len(pdf) < 100_000 < FONT_FILE.stat().st_size


def test_nothing_to_print_is_an_error_and_no_empty_file() -> None:
    with pytest.raises(ValueError, match="nothing to print"):
        posters([], bot_username="linli_bot", texts=TEXTS)


def test_the_font_has_every_character_of_the_texts_and_of_ordinary_names() -> None:
    known = set(TTFont(io.BytesIO(FONT_FILE.read_bytes())).getBestCmap())
    said = {
        character
        for key, entry in TEXTS.entries.items()
        if key.startswith(("poster.", "letter."))
        for forms in entry.values()
        for text in forms.values()
        for character in text
        if character.isprintable() and character < "\U00010000"
    }
    # Half of these are in no older table of characters: 喆, 淼, 堃, 玥 and 頔 stand in many a family book.
    names = set("和平里社区第一百零八网格赵钱孙李喆淼堃玥頔囍")
    missing = {character for character in said | names if ord(character) not in known}
    assert not missing


def test_a_code_leads_to_the_link_printed_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[list[int]]] = []
    written: list[str] = []
    monkeypatch.setattr(Paper, "squares", lambda self, rows, **place: drawn.append(rows))
    monkeypatch.setattr(Paper, "line", lambda self, text, **look: written.append(text))
    posters([PAGE], bot_username="linli_bot", texts=TEXTS)
    link = link_of("linli_bot", "g2-3")
    assert link == "https://t.me/linli_bot?start=u-g2-3"
    assert link in written
    expected = segno.make(link, error="m", boost_error=True)
    assert drawn == [[list(row) for row in expected.matrix_iter(border=4)]]


@pytest.mark.parametrize("name", ["长" * 64, "W" * 64, "a b", "𠮷野家", "<b>楼</b>", "(楼)\\", " "])
def test_odd_names_are_printed_and_break_nothing(name: str) -> None:
    page = PosterPage(Place(name, name), Place(name, name), "x" * 60)
    assert pages_of(posters([page], bot_username="b" * 32, texts=TEXTS)) == 1


def test_a_letter_goes_on_to_as_many_pages_as_it_needs() -> None:
    assert pages_of(letter("证明", ["一段话，" * 60] * 20, footer="2026年3月2日")) > 1
