"""The way through the units to their year's sheets of study."""

from __future__ import annotations

from domain.queries import Page
from domain.unit_pages import UnitLine
from views.message import Button, Message
from views.safe import plain
from views.voice import Voice, press, rows


def places(above: UnitLine | None, page: Page[UnitLine], *, parent_id: int | None, voice: Voice) -> Message:
    """One level of the tree: a press on a unit opens it; there its sheets are. ``parent_id``: None at the top."""
    here, this_year = above.id if above else 0, voice.today.year
    sheets = (
        tuple(
            voice.button("button.study_sheet", "study.sheet", here, year, year=str(year))
            for year in (this_year, this_year - 1)
        )
        if above
        else ()
    )
    below = (
        Button(
            plain(voice.place(row.place)) + (" ›" if row.has_children else ""), press("study.years", row.id)
        )
        for row in page.rows
    )
    turns = tuple(
        voice.button(key, "study.years", here, to)
        for key, to in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if above and 1 <= to <= page.pages
    )
    up = (
        (voice.button("button.notice_up", "study.years", parent_id),)
        if above and parent_id is not None
        else ()
    )
    return Message(
        voice.say("study.place_here" if page.rows else "study.place_leaf", place=voice.place(above.place))
        if above
        else voice.say("study.place_top"),
        keyboard=(
            *((sheets,) if sheets else ()),
            *rows(below, width=2),
            *((turns,) if turns else ()),
            (*up, voice.button("button.lessons_back", "lessons.page", 1)),
        ),
    )
