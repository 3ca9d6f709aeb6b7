"""The year's sheet of study, for secretaries: down the tree to a unit, and its people as a workbook."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from domain.base import NOT_FOUND, Refused, Subject
from domain.lessons.shown import ListAssigned
from domain.lessons.years import SeeStudyYear, StudyYearPage
from domain.notices.shown import UnitsToAddress
from domain.permissions import Permission, allowed
from domain.queries import Page
from handlers.lesson_desk import places_to_assign_for
from handlers.turn import Answer, Turn, made, turned
from views import lesson_years as screens
from views.message import Message, Upload
from views.safe import file_name, plain


async def places(turn: Turn) -> Answer:
    """``study.years:<unit>[:<page>]``: down the tree; at each unit this year's sheet and the last one's. 0: one's own."""
    await turn.read(ListAssigned())  # says no to who may not
    own = await places_to_assign_for(turn, {})
    unit_id = turn.pressed.id or (own[0].id if len(own) == 1 else 0)
    if not unit_id:
        found = screens.places(None, Page(own), parent_id=0, voice=await turn.voice())
        return turned(turn, found)
    page = turn.pressed.count if turn.pressed.arg else 1
    above, below = await turn.read(UnitsToAddress(unit_id, page))
    if not allowed(await turn.actor(), Permission.ASSIGN_LESSON, Subject(path=above.path)):
        raise Refused(NOT_FOUND)
    parts = above.path.split(".")[:-2]
    parent = None if len(own) == 1 else 0
    if above.id not in {row.id for row in own} and parts:
        parent = int(parts[-1])
    return turned(turn, screens.places(above, below, parent_id=parent, voice=await turn.voice()))


async def sheet(turn: Turn) -> Answer:
    """``study.sheet:<unit>:<year>``: how far everybody is with the lessons of a year, as a workbook."""
    unit_id, year = turn.pressed.id, turn.pressed.count
    first: StudyYearPage = await turn.read(SeeStudyYear(unit_id, year))
    voice = await turn.voice()
    words = await turn.say("study.sheet_sent", place=str(voice.place(first.place)), year=str(first.year))

    async def written() -> Message:
        from views.lesson_sheet import StudyYearBook

        book, found = StudyYearBook(voice=voice), first
        await asyncio.to_thread(book.add, found.rows)
        while found.next_after is not None:
            found = await turn.read(SeeStudyYear(unit_id, year, found.next_after))
            await asyncio.to_thread(book.add, found.rows)
        content = await asyncio.to_thread(book.content)
        named = voice.say("study.sheet_file", place=voice.place(first.place), year=str(first.year))
        return replace(words, upload=Upload(file_name(plain(named), "xlsx"), content))

    return made(written)
