"""Imports of units and people from a sheet, and their export. Source: docs/rules.md §1.

A sheet that somebody sends is taken down and answered by its card; reading it is long, so it is done beside the
updates (``bot/importer.py``), and what comes of it reaches the card.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from telegram import Message as Received

from domain.base import NOT_FOUND, Refused
from domain.imports import (
    CARD,
    BeginImport,
    CancelImport,
    ConfirmImport,
    ExportPage,
    ExportRows,
    MayImport,
)
from domain.permissions import Permission, allowed
from domain.queries import Place, UnitChildren, UnitLevel
from domain.sheet_columns import ImportKind
from handlers.forms import Form
from handlers.turn import Answer, Do, Turn, made, sent
from storage.unit import Opening
from views import imports as screens
from views import sheets
from views.kinds import said
from views.message import Message

MOST_MEGABYTES = 20
"""What Telegram lets a bot fetch."""
_SUFFIXES = (".xlsx", ".csv")
_LONGEST_NAME = 60


def is_sheet(message: Received | None) -> bool:
    """Whether this is a spreadsheet by its name."""
    document = message.document if message else None
    return document is not None and (document.file_name or "").lower().endswith(_SUFFIXES)


def may_send(opening: Opening) -> bool:
    """Whether a sheet from this person is one to be imported."""
    return allowed(opening.actor, Permission.IMPORT_ROWS, None) and bool(opening.actor.person_id)


async def received(turn: Turn) -> Answer:
    """A sheet from somebody who may import."""
    document = turn.message.document if turn.message else None
    assert document is not None  # noqa: S101 - asked by is_sheet
    if (document.file_size or 0) > MOST_MEGABYTES * 1024 * 1024:
        raise Refused("import.too_big", most=MOST_MEGABYTES)
    return Do(BeginImport(document.file_id, (document.file_name or "")[-_LONGEST_NAME:]))


async def confirm(turn: Turn) -> Answer:
    """``import.confirm:<batch>``."""
    return Do(
        ConfirmImport(turn.pressed.id), if_refused=turn.card(CARD, turn.pressed.id), toast="toast.saved"
    )


async def cancel(turn: Turn) -> Answer:
    """``import.cancel:<batch>``."""
    return Do(
        CancelImport(turn.pressed.id), if_refused=turn.card(CARD, turn.pressed.id), toast="toast.cancelled"
    )


async def begin(turn: Turn) -> Answer:
    """``import.begin:0``."""
    await turn.read(MayImport())
    return sent(screens.begin(voice=await turn.voice()))


async def template(turn: Turn) -> Answer:
    """``import.template:0:<kind>``."""
    await turn.read(MayImport())
    voice, kind = await turn.voice(), _kind(turn.pressed.arg)

    async def written() -> Message:
        upload = await asyncio.to_thread(screens.template_upload, kind, voice=voice)
        return replace(said("import.template_here", voice=voice), upload=upload)

    return made(written)


def _kind(word: str) -> ImportKind:
    try:
        return ImportKind(word)
    except ValueError:
        raise Refused(NOT_FOUND) from None


async def export_units(turn: Turn) -> Answer:
    """``export.units:<unit>``."""
    return await _export(turn, ImportKind.UNITS)


async def export_people(turn: Turn) -> Answer:
    """``export.people:<unit>``."""
    return await _export(turn, ImportKind.PEOPLE)


async def _export(turn: Turn, kind: ImportKind) -> Answer:
    if not turn.pressed.id:
        raise Refused(NOT_FOUND)
    # Read before anything is made: it says no to who may not.
    first: ExportPage = await turn.read(ExportRows(kind, turn.pressed.id))
    voice = await turn.voice()
    level: UnitLevel = await turn.read(UnitChildren(turn.pressed.id))
    place = voice.place(level.above.place if level.above else Place())

    async def written() -> Message:
        book = sheets.book_of(kind, title=str(voice.term("import.kind", kind)), chinese=voice.chinese)
        page, count = first, 0
        while True:
            rows = [sheets.cells(row, chinese=voice.chinese) for row in page.rows]
            await asyncio.to_thread(book.add, rows)
            count += len(rows)
            if page.next_after is None:
                break
            page = await turn.read(ExportRows(kind, turn.pressed.id, page.next_after))
        content = await asyncio.to_thread(book.content)
        return screens.exported(kind, content, count=count, place=place, voice=voice)

    return made(written)


FORMS: tuple[Form, ...] = ()
