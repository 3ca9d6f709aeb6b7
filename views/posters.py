"""The poster of a building: what Linli is for and a code to scan, in both languages, on one page to hang in the hall."""

from __future__ import annotations

from collections.abc import Sequence

import segno

from domain.posters import PosterPage
from views.catalogue import Texts
from views.paper import GREY, HEIGHT, RED, WIDTH, Paper
from views.safe import plain

_CODE_SIZE = 88.0
_QUIET = 4
"""White squares around a code, without which some cameras do not find it."""


def link_of(bot_username: str, code: str) -> str:
    """The address that leads a newcomer into a unit."""
    return f"https://t.me/{bot_username}?start=u-{code}"


def posters(pages: Sequence[PosterPage], *, bot_username: str, texts: Texts) -> bytes:
    """A PDF with one page for each building. Raises ValueError for no pages at all."""
    if not pages:
        raise ValueError("there is nothing to print")
    paper = Paper(title=plain(texts.say("zh", "poster.title")))
    for page in pages:
        _draw(paper, page, link=link_of(bot_username, page.code), texts=texts)
    return paper.finished()


def _draw(paper: Paper, page: PosterPage, *, link: str, texts: Texts) -> None:
    def said(language: str, key: str) -> str:
        return plain(texts.say(language, key))

    paper.page()
    paper.band(top=0, height=54)
    paper.down_to(12)
    paper.line(said("zh", "poster.title"), size=44, colour=(255, 255, 255), leading=1.2)
    paper.line(said("en", "poster.title"), size=15, colour=(255, 255, 255))
    paper.down_to(64)
    paper.line(page.above.zh or " ", size=14, colour=GREY)
    paper.line(page.place.zh, size=34, leading=1.25)
    english = ", ".join(name for name in (page.place.en, page.above.en) if name)
    if english:
        paper.line(english, size=12, colour=GREY)
    top = max(paper.y + 5, 102)
    code = segno.make(link, error="m", boost_error=True)
    rows = [list(row) for row in code.matrix_iter(border=_QUIET)]
    paper.squares(rows, left=(WIDTH - _CODE_SIZE) / 2, top=top, size=_CODE_SIZE)
    paper.down_to(top + _CODE_SIZE + 1)
    paper.line(said("zh", "poster.scan"), size=19)
    paper.line(said("en", "poster.scan"), size=11, colour=GREY)
    paper.gap(4)
    paper.line(said("zh", "poster.steps"), size=14, leading=1.5)
    paper.line(said("en", "poster.steps"), size=10, colour=GREY, leading=1.5)
    paper.down_to(HEIGHT - 33)
    paper.line(said("zh", "poster.danger"), size=13, colour=RED)
    paper.line(said("en", "poster.danger"), size=9.5, colour=RED)
    paper.line(link, size=8, colour=GREY)
